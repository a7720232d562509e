import { geteuid } from "node:process";
import { user } from "../../../agent/resources/user.ts";
import { resourceContract } from "../resource_contract.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA mara@desk";
/** Homes belong to their users; a test that is not root can only be one of them. */
const SELF = geteuid?.() === 0 ? 4242 : geteuid?.() ?? 0;

export const userContract = resourceContract(user, {
  bad: [
    { params: { name: "Root" }, names: "name" },
    { params: { name: "m", password: "a\nb" }, names: "password" },
    { params: { name: "m", authorized_keys: ["# not a key"] }, names: "authorized_keys" },
    { params: { name: "m", ensure: "absent", uid: 5 }, names: "uid" },
  ],
  unknown: [
    {
      title: "a group that does not exist",
      prepare: () => Promise.resolve({ name: "mara", groups: ["ghosts"] }),
      reason: /there is no group "ghosts"/,
    },
    {
      title: "a uid that somebody else has",
      prepare: async (machine) => {
        await machine.accounts.createUser("other", { uid: 1500, createHome: false, system: false });
        return { name: "mara", uid: 1500 };
      },
      reason: /uid 1500 belongs to user "other"/,
    },
  ],
  cases: [
    {
      title: "a missing user with everything",
      prepare: () =>
        Promise.resolve({
          name: "mara",
          uid: SELF,
          groups: ["adm"],
          comment: "Mara",
          shell: "/bin/bash",
          password: "correct horse",
          authorized_keys: [KEY],
          puddle: true,
          poolq: true,
        }),
      tamper: (machine) => Deno.remove(`${machine.policyFolder}/mara.json`),
    },
    {
      title: "a user with another shell and password",
      prepare: async (machine) => {
        await machine.accounts.createUser("mara", { createHome: true, system: false });
        return { name: "mara", shell: "/bin/zsh", password: "correct horse" };
      },
      tamper: (machine) => machine.accounts.changeUser("mara", { shell: "/bin/false" }),
    },
    {
      title: "a key that was removed from the policy",
      prepare: async (machine) => {
        const home = machine.root.join("home/mara");
        await machine.accounts.createUser("mara", { uid: SELF, createHome: true, system: false });
        await Deno.mkdir(`${home}/.ssh`);
        await Deno.writeTextFile(`${home}/.ssh/authorized_keys`, `${KEY}\n${KEY}2\n`);
        if (geteuid?.() === 0) {
          for (const path of ["", "/.ssh", "/.ssh/authorized_keys"]) {
            await Deno.chown(`${home}${path}`, SELF, SELF);
          }
        }
        return { name: "mara", authorized_keys: [KEY] };
      },
      tamper: (machine) =>
        Deno.writeTextFile(
          machine.root.join("home/mara/.ssh/authorized_keys"),
          "ssh-rsa AAAA evil\n",
        ),
    },
    {
      title: "a user to be removed, with the grants",
      prepare: async (machine) => {
        await machine.accounts.createUser("mara", { createHome: false, system: false });
        await Deno.mkdir(machine.policyFolder);
        await Deno.writeTextFile(
          `${machine.policyFolder}/mara.json`,
          '{"user":"mara","puddle":true,"gitback":false,"curator":false,"poolq":false}',
        );
        return { name: "mara", ensure: "absent" };
      },
      tamper: (machine) =>
        machine.accounts.createUser("mara", { createHome: false, system: false }),
    },
  ],
  realCases: [
    {
      title: "a missing user with everything",
      prepare: () =>
        Promise.resolve({
          name: "mara",
          groups: ["adm"],
          shell: "/bin/bash",
          password: "correct horse",
          authorized_keys: [KEY],
          poolq: true,
        }),
      tamper: (machine) => machine.run("usermod", "--shell", "/bin/sh", "--groups", "", "mara"),
      verify: (machine) => machine.run("id", "mara"),
    },
  ],
});
