import assert from "node:assert/strict";
import { sshAuthorizedKey } from "../../../agent/resources/ssh_authorized_key.ts";
import { writeSshFolder } from "../ssh_folder.ts";
import { resourceContract } from "../resource_contract.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA";
const OTHER = "ssh-rsa AAAAB3NzaC1yc2E else@where";

export const sshAuthorizedKeyContract = resourceContract(sshAuthorizedKey, {
  bad: [
    { params: { user: "mara" }, names: "key" },
    { params: { user: "mara", key: "AAAAC3" }, names: "key" },
    { params: { user: "mara", key: `${KEY}\n${KEY}` }, names: "key" },
    { params: { user: "Mara", key: KEY }, names: "user" },
  ],
  unknown: [
    {
      title: "a user that does not exist",
      prepare: () => Promise.resolve({ user: "ghost", key: KEY }),
      reason: /there is no user "ghost"/,
    },
    {
      title: "a user without a home",
      prepare: async (machine) => {
        await machine.accounts.createUser("mara", { createHome: false, system: false });
        return { user: "mara", key: KEY };
      },
      reason: /there is no home ".*\/home\/mara" of "mara"/,
    },
    {
      title: "a file that is no text",
      prepare: async (machine) => {
        await writeSshFolder(machine, {
          authorized_keys: new Uint8Array([0x23, 0x20, 0xe9, 0x0a]),
        });
        return { user: "mara", key: KEY };
      },
      reason: /is not UTF-8 text/,
    },
  ],
  cases: [
    {
      title: "a key for a user that has none",
      prepare: async (machine) => {
        await writeSshFolder(machine, {});
        return { user: "mara", key: `${KEY} mara@desk` };
      },
      tamper: (machine) => writeSshFolder(machine, { authorized_keys: `${OTHER}\n` }),
      verify: async (machine) => {
        const path = machine.root.join("home/mara/.ssh/authorized_keys");
        assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
      },
    },
    {
      title: "a key among others, which gets its options and loses its double",
      prepare: async (machine) => {
        await writeSshFolder(machine, {
          authorized_keys: `# mine\n${KEY} old\n\n${OTHER}\n${KEY}\n`,
        });
        return { user: "mara", key: `no-pty ${KEY} mara@desk` };
      },
      tamper: (machine) => writeSshFolder(machine, { authorized_keys: "" }),
    },
    {
      title: "a key to be removed, whatever its options are",
      prepare: async (machine) => {
        await writeSshFolder(machine, { authorized_keys: `# mine\nno-pty ${KEY} x\n${OTHER}\n` });
        return { user: "mara", key: KEY, ensure: "absent" };
      },
      tamper: (machine) => writeSshFolder(machine, { authorized_keys: `${OTHER}\n${KEY}\n` }),
    },
  ],
  realCases: [
    {
      title: "a key of an account of the machine",
      prepare: async (machine) => {
        await machine.run("useradd", "--create-home", "mara");
        return { user: "mara", key: `${KEY} mara@desk` };
      },
      tamper: (machine) => machine.run("rm", "/home/mara/.ssh/authorized_keys"),
      verify: async (machine) =>
        assert.equal(
          await machine.run("stat", "-c", "%a %U", "/home/mara/.ssh/authorized_keys"),
          "600 mara\n",
        ),
    },
  ],
});
