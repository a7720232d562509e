import { symlink } from "../../../agent/resources/symlink.ts";
import { resourceContract } from "../resource_contract.ts";

export const symlinkContract = resourceContract(symlink, {
  bad: [
    { params: { path: "/a" }, names: "target" },
    { params: { path: "/a", target: "" }, names: "target" },
    { params: { path: "/a", target: "/b", ensure: "absent" }, names: "target" },
  ],
  unknown: [
    {
      title: "a file where a link should be",
      prepare: (machine) =>
        Promise.resolve({ path: machine.root.join("etc/passwd"), target: "shadow" }),
      reason: /is a file, not a symbolic link/,
    },
  ],
  cases: [
    {
      title: "a missing link",
      prepare: (machine) => Promise.resolve({ path: machine.root.join("current"), target: "v2" }),
      tamper: (machine) => Deno.remove(machine.root.join("current")),
    },
    {
      title: "a link to something else",
      prepare: async (machine) => {
        await Deno.symlink("v1", machine.root.join("current"));
        return { path: machine.root.join("current"), target: "v2" };
      },
      tamper: async (machine) => {
        await Deno.remove(machine.root.join("current"));
        await Deno.symlink("/etc", machine.root.join("current"));
      },
    },
    {
      title: "a link to be removed",
      prepare: async (machine) => {
        await Deno.symlink("v1", machine.root.join("current"));
        return { path: machine.root.join("current"), ensure: "absent" };
      },
      tamper: (machine) => Deno.symlink("v1", machine.root.join("current")),
    },
  ],
});
