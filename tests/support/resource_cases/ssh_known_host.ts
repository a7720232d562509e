import assert from "node:assert/strict";
import { sshKnownHost } from "../../../agent/resources/ssh_known_host.ts";
import { resourceContract } from "../resource_contract.ts";
import { writeSshFolder } from "../ssh_folder.ts";
import type { TemporaryMachine } from "../temporary_machine.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA";
const RSA = "ssh-rsa AAAAB3NzaC1yc2E";
/** What `ssh-keygen -H` makes of git.example.com. */
const HASHED = "|1|c2FsdHNhbHRzYWx0c2FsdHNhbHQ=|zn3fCR02QxOQDrePkZhpCkS5BvU=";

async function write(machine: TemporaryMachine, text?: string): Promise<void> {
  await Deno.mkdir(machine.root.join("etc/ssh"), { recursive: true });
  if (text !== undefined) {
    await Deno.writeTextFile(machine.root.join("etc/ssh/ssh_known_hosts"), text);
  }
}

export const sshKnownHostContract = resourceContract(sshKnownHost, {
  bad: [
    { params: { host: "git.example.com" }, names: "key" },
    { params: { host: "a,b", key: KEY }, names: "host" },
    { params: { host: "a", key: `${KEY} comment` }, names: "key" },
    { params: { host: "a", key: KEY, aliases: ["*"] }, names: "aliases" },
  ],
  unknown: [
    {
      title: "a machine without ssh",
      prepare: () => Promise.resolve({ host: "a", key: KEY }),
      reason: /there is no folder ".*\/etc\/ssh"/,
    },
    {
      title: "a user that does not exist",
      prepare: () => Promise.resolve({ host: "a", key: KEY, user: "ghost" }),
      reason: /there is no user "ghost"/,
    },
  ],
  cases: [
    {
      title: "a host that is not known yet",
      prepare: async (machine) => {
        await write(machine);
        return { host: "git.example.com", aliases: ["10.0.0.5"], key: KEY };
      },
      tamper: (machine) => write(machine, `git.example.com ${KEY}\n`),
    },
    {
      title: "a host with another key of the type, whose other names and keys stay",
      prepare: async (machine) => {
        await write(machine, `@revoked * ${RSA}\na,b ${KEY}BBBB old\na ${RSA}\n`);
        return { host: "a", key: KEY };
      },
      tamper: (machine) => write(machine, `a ${KEY}CCCC\n`),
    },
    {
      title: "a host whose names are hashed",
      prepare: async (machine) => {
        await write(machine, `${HASHED} ${KEY}BBBB\n`);
        return { host: "git.example.com", key: KEY };
      },
      tamper: (machine) => write(machine, `${HASHED} ${KEY}CCCC\n`),
      verify: async (machine) =>
        assert.equal(
          await Deno.readTextFile(machine.root.join("etc/ssh/ssh_known_hosts")),
          `git.example.com ${KEY}\n`,
        ),
    },
    {
      title: "a host to be forgotten",
      prepare: async (machine) => {
        await write(machine, `a,b ${KEY}\na ${RSA}\nc ${RSA}\n`);
        return { host: "a", ensure: "absent" };
      },
      tamper: (machine) => write(machine, `a ${KEY}\n`),
    },
    {
      title: "a host that one user knows, in a file whose mode stays",
      prepare: async (machine) => {
        await writeSshFolder(machine, { known_hosts: `a ${RSA}\n` });
        return { host: "[10.0.0.1]:2222", key: KEY, user: "mara" };
      },
      tamper: (machine) => writeSshFolder(machine, { known_hosts: `a ${RSA}\n` }),
      verify: async (machine) => {
        const path = machine.root.join("home/mara/.ssh/known_hosts");
        assert.equal(await Deno.readTextFile(path), `a ${RSA}\n[10.0.0.1]:2222 ${KEY}\n`);
        assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o644);
      },
    },
  ],
});
