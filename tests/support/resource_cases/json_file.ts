import assert from "node:assert/strict";
import { jsonFile } from "../../../agent/resources/json_file.ts";
import { resourceContract } from "../resource_contract.ts";
import type { TemporaryMachine } from "../temporary_machine.ts";

const DAEMON = '{\n  "log-level": "info",\n  "hosts": []\n}\n';

async function write(machine: TemporaryMachine, text = DAEMON): Promise<string> {
  const path = machine.root.join("daemon.json");
  await Deno.writeTextFile(path, text);
  return path;
}

export const jsonFileContract = resourceContract(jsonFile, {
  bad: [
    { params: { path: "/a" }, names: "set" },
    { params: { path: "/a", set: { "no-slash": 1 } }, names: "set" },
    { params: { path: "/a", set: { "/list/-": 1 } }, names: "set" },
    { params: { path: "/a", set: { "/a": {}, "/a/b": 1 } }, names: "set" },
    { params: { path: "/a", set: { "/a": 1 }, remove: ["/a"] }, names: "remove" },
    { params: { path: "/a", remove: ["a"] }, names: "remove" },
  ],
  unknown: [
    {
      title: "a file that is not JSON",
      prepare: async (machine) => ({ path: await write(machine, "{,}"), set: { "/a": 1 } }),
      reason: /not JSON at line 1, column 2/,
    },
    {
      title: "a place below a text",
      prepare: async (machine) => ({ path: await write(machine), set: { "/log-level/x": 1 } }),
      reason: /cannot set "\/log-level\/x"/,
    },
  ],
  cases: [
    {
      title: "values that differ or are missing",
      prepare: async (machine) => ({
        path: await write(machine),
        set: { "/log-level": "debug", "/limits/files": 1024 },
      }),
      tamper: (machine) => write(machine, '{"log-level": "debug"}'),
      verify: async (machine) => {
        const text = await Deno.readTextFile(machine.root.join("daemon.json"));
        assert.equal(JSON.parse(text).limits.files, 1024);
      },
    },
    {
      title: "a member to be removed",
      prepare: async (machine) => ({ path: await write(machine), remove: ["/hosts", "/none"] }),
      tamper: (machine) => write(machine),
      verify: async (machine) =>
        assert.equal(
          await Deno.readTextFile(machine.root.join("daemon.json")),
          '{\n  "log-level": "info"\n}\n',
        ),
    },
    {
      title: "a file that is made for its values",
      prepare: (machine) =>
        Promise.resolve({
          path: machine.root.join("new.json"),
          set: { "/a/b": [1, null, "x"] },
          create: true,
        }),
      tamper: (machine) => Deno.writeTextFile(machine.root.join("new.json"), ""),
    },
  ],
});
