import assert from "node:assert/strict";
import { blockInFile } from "../../../agent/resources/blockinfile.ts";
import { resourceContract } from "../resource_contract.ts";
import type { TemporaryMachine } from "../temporary_machine.ts";

async function write(machine: TemporaryMachine, text: string): Promise<string> {
  const path = machine.root.join("config");
  await Deno.writeTextFile(path, text);
  return path;
}

export const blockInFileContract = resourceContract(blockInFile, {
  bad: [
    { params: { path: "/a" }, names: "block" },
    { params: { path: "/a", block: "" }, names: "block" },
    { params: { path: "/a", block: "x", marker: "# mine" }, names: "marker" },
    { params: { path: "/a", block: "# END managed by vigo" }, names: "block" },
    {
      params: { path: "/a", block: "x", insert_after: "a", insert_before: "b" },
      names: "insert_before",
    },
    { params: { path: "/a", ensure: "absent", block: "x" }, names: "block" },
  ],
  unknown: [
    {
      title: "a mark without the other",
      prepare: async (machine) => ({
        path: await write(machine, "a\n# BEGIN managed by vigo\nb\n"),
        block: "x",
      }),
      reason: /the marks in lines 2 are something else. Mend them by hand/,
    },
    {
      title: "a file that is missing",
      prepare: (machine) => Promise.resolve({ path: machine.root.join("none"), block: "x" }),
      reason: /set create: true/,
    },
  ],
  cases: [
    {
      title: "a missing block",
      prepare: async (machine) => ({
        path: await write(machine, "head\ntail\n"),
        block: "one\ntwo\n",
        insert_after: "^head",
      }),
      tamper: async (machine) => {
        const path = machine.root.join("config");
        await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace("two", "2"));
      },
      verify: async (machine) =>
        assert.equal(
          await Deno.readTextFile(machine.root.join("config")),
          "head\n# BEGIN managed by vigo\none\ntwo\n# END managed by vigo\ntail\n",
        ),
    },
    {
      title: "a block with marks of its own in a file without a final line end",
      prepare: async (machine) => ({
        path: await write(machine, "[a]\nx=1"),
        block: "y=2",
        marker: "; {mark} limits",
        insert_before: "^x=",
      }),
      tamper: (machine) => write(machine, "[a]\nx=1"),
    },
    {
      title: "a block to be removed",
      prepare: async (machine) => ({
        path: await write(machine, "a\n# BEGIN managed by vigo\nb\n# END managed by vigo\nc\n"),
        ensure: "absent",
      }),
      tamper: (machine) => write(machine, "# BEGIN managed by vigo\n# END managed by vigo\n"),
    },
  ],
});
