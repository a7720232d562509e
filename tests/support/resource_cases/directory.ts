import { directory } from "../../../agent/resources/directory.ts";
import { resourceContract } from "../resource_contract.ts";

export const directoryContract = resourceContract(directory, {
  bad: [
    { params: { path: "/a", force: true }, names: "force" },
    { params: { path: "relative" }, names: "path" },
    { params: { path: "/", ensure: "absent" }, names: "path" },
  ],
  unknown: [
    {
      title: "a file where a folder should be",
      prepare: (machine) => Promise.resolve({ path: machine.root.join("etc/passwd") }),
      reason: /is a file, not a folder/,
    },
    {
      title: "a folder to be removed that holds something",
      prepare: (machine) => Promise.resolve({ path: machine.root.join("etc"), ensure: "absent" }),
      reason: /holds 3 entries; empty it, or set force/,
    },
  ],
  cases: [
    {
      title: "a missing folder",
      prepare: (machine) => Promise.resolve({ path: machine.root.join("www"), mode: "0750" }),
      tamper: (machine) => Deno.chmod(machine.root.join("www"), 0o777),
    },
    {
      title: "a missing folder below missing ones",
      prepare: (machine) => Promise.resolve({ path: machine.root.join("a/b/c"), parents: true }),
      tamper: (machine) => Deno.remove(machine.root.join("a"), { recursive: true }),
    },
    {
      title: "a folder to be removed with all in it",
      prepare: async (machine) => {
        await Deno.mkdir(machine.root.join("old/deep"), { recursive: true });
        await Deno.writeTextFile(machine.root.join("old/deep/file"), "");
        await Deno.symlink(machine.root.join("etc"), machine.root.join("old/link"));
        return { path: machine.root.join("old"), ensure: "absent", force: true };
      },
      tamper: (machine) => Deno.mkdir(machine.root.join("old")),
    },
  ],
});
