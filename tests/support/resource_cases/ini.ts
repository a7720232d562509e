import assert from "node:assert/strict";
import { ini } from "../../../agent/resources/ini.ts";
import { resourceContract } from "../resource_contract.ts";
import type { TemporaryMachine } from "../temporary_machine.ts";

const MYSQL = "user=root\n\n[mysqld]\n; limits\nmax_connections=100\n\n[client]\nport = 1\n";

async function write(machine: TemporaryMachine, text = MYSQL): Promise<string> {
  const path = machine.root.join("my.cnf");
  await Deno.writeTextFile(path, text);
  return path;
}

export const iniContract = resourceContract(ini, {
  bad: [
    { params: { path: "/a", key: "k" }, names: "value" },
    { params: { path: "/a", key: "[k]", value: 1 }, names: "key" },
    { params: { path: "/a", key: "a=b", value: 1 }, names: "key" },
    { params: { path: "/a", key: "k", value: "a\nb" }, names: "value" },
    { params: { path: "/a", key: "k", value: 1, section: "a]" }, names: "section" },
    { params: { path: "/a", key: "k", value: 1, separator: "=>" }, names: "separator" },
    { params: { path: "/a", ensure: "absent" }, names: "key" },
    { params: { path: "/a", ensure: "absent", key: "k", value: 1 }, names: "value" },
  ],
  unknown: [
    {
      title: "a key that stands twice",
      prepare: async (machine) => ({
        path: await write(machine, "[a]\nk=1\nk=2\n"),
        section: "a",
        key: "k",
        value: 3,
      }),
      reason: /"k" stands there 2 times \(lines 2, 3\); keep one/,
    },
  ],
  cases: [
    {
      title: "another value",
      prepare: async (machine) => ({
        path: await write(machine),
        section: "mysqld",
        key: "max_connections",
        value: 200,
      }),
      tamper: (machine) => write(machine),
      verify: async (machine) =>
        assert.equal(
          await Deno.readTextFile(machine.root.join("my.cnf")),
          MYSQL.replace("=100", "=200"),
        ),
    },
    {
      title: "a setting in a section that is missing",
      prepare: async (machine) => ({
        path: await write(machine),
        section: "backup",
        key: "on",
        value: true,
        separator: "=",
      }),
      tamper: (machine) => write(machine),
    },
    {
      title: "a setting in front of all sections",
      prepare: async (machine) => ({ path: await write(machine), key: "user", value: "mysql" }),
      tamper: (machine) => write(machine),
    },
    {
      title: "a setting to be removed",
      prepare: async (machine) => ({
        path: await write(machine),
        ensure: "absent",
        section: "client",
        key: "port",
      }),
      tamper: (machine) => write(machine),
    },
    {
      title: "a section to be removed",
      prepare: async (machine) => ({
        path: await write(machine),
        ensure: "absent",
        section: "client",
      }),
      tamper: (machine) => write(machine),
    },
  ],
});
