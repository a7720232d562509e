import assert from "node:assert/strict";
import { group } from "../../../agent/resources/group.ts";
import { resourceContract } from "../resource_contract.ts";

export const groupContract = resourceContract(group, {
  bad: [
    { params: { name: "Upper" }, names: "name" },
    { params: { name: "g", gid: -1 }, names: "gid" },
    { params: { name: "g", ensure: "absent", gid: 5 }, names: "gid" },
  ],
  unknown: [
    {
      title: "a gid that another group has",
      prepare: () => Promise.resolve({ name: "ops", gid: 4 }),
      reason: /gid 4 belongs to group "adm"/,
    },
    {
      title: "a group to be removed that is somebody's primary group",
      prepare: () => Promise.resolve({ name: "root", ensure: "absent" }),
      reason: /"root" is the primary group of user "root"/,
    },
  ],
  cases: [
    {
      title: "a missing group with a number",
      prepare: () => Promise.resolve({ name: "ops", gid: 2000 }),
      tamper: (machine) => machine.accounts.setGroupId("ops", 2001),
      verify: async (machine) =>
        assert.match(await Deno.readTextFile(machine.root.join("etc/group")), /^ops:x:2000:$/m),
    },
    {
      title: "a missing system group",
      prepare: () => Promise.resolve({ name: "daemons", system: true }),
      tamper: (machine) => machine.accounts.deleteGroup("daemons"),
    },
    {
      title: "a group whose members stay when its number changes",
      prepare: () => Promise.resolve({ name: "adm", gid: 44 }),
      tamper: (machine) => machine.accounts.deleteGroup("adm"),
    },
    {
      title: "a group to be removed",
      prepare: () => Promise.resolve({ name: "adm", ensure: "absent" }),
      tamper: (machine) => machine.accounts.createGroup("adm", { system: false }),
    },
  ],
  realCases: [
    {
      title: "a missing group with a number",
      prepare: () => Promise.resolve({ name: "vigo-ops", gid: 4711 }),
      tamper: (machine) => machine.run("groupmod", "--gid", "4712", "vigo-ops"),
      verify: async (machine) =>
        assert.equal(await machine.run("getent", "group", "vigo-ops"), "vigo-ops:x:4711:\n"),
    },
    {
      title: "a missing system group",
      prepare: () => Promise.resolve({ name: "vigo-daemons", system: true }),
      tamper: (machine) => machine.run("groupdel", "vigo-daemons"),
    },
    {
      title: "a group to be removed",
      prepare: async (machine) => {
        await machine.run("groupadd", "vigo-old");
        return { name: "vigo-old", ensure: "absent" };
      },
      tamper: (machine) => machine.run("groupadd", "vigo-old"),
    },
  ],
});
