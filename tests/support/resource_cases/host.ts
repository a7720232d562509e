import assert from "node:assert/strict";
import { host } from "../../../agent/resources/host.ts";
import { resourceContract } from "../resource_contract.ts";
import type { TemporaryMachine } from "../temporary_machine.ts";

const HOSTS = "127.0.0.1\tlocalhost\n::1 localhost ip6-localhost # loopback\n";

async function write(machine: TemporaryMachine, text = HOSTS): Promise<void> {
  await Deno.writeTextFile(machine.root.join("etc/hosts"), text);
}

export const hostContract = resourceContract(host, {
  bad: [
    { params: { name: "db" }, names: "ip" },
    { params: { name: "db", ip: "10.0.0.256" }, names: "ip" },
    { params: { name: "a b", ip: "10.0.0.1" }, names: "name" },
    { params: { name: "db", ip: "10.0.0.1", aliases: ["#"] }, names: "aliases" },
    { params: { name: "db", ensure: "absent", aliases: [] }, names: "aliases" },
  ],
  unknown: [
    {
      title: "a folder where the file should be",
      prepare: async (machine) => {
        await Deno.mkdir(machine.root.join("etc/hosts"));
        return { name: "db", ip: "10.0.0.1" };
      },
      reason: /is a folder, not a file/,
    },
  ],
  cases: [
    {
      title: "a missing name",
      prepare: async (machine) => {
        await write(machine);
        return { name: "db.internal", ip: "10.0.0.5", aliases: ["db"] };
      },
      tamper: (machine) => write(machine, `${HOSTS}10.0.0.6 db.internal db # moved\n`),
    },
    {
      title: "a name with another address, which keeps its comment and its other family",
      prepare: async (machine) => {
        await write(machine, `${HOSTS}10.0.0.1  db  old # by hand\nfd00::1 db\n`);
        return { name: "db", ip: "10.0.0.2" };
      },
      verify: async (machine) =>
        assert.equal(
          await Deno.readTextFile(machine.root.join("etc/hosts")),
          `${HOSTS}10.0.0.2  db old # by hand\nfd00::1 db\n`,
        ),
    },
    {
      title: "a name that stands twice",
      prepare: async (machine) => {
        await write(machine, `10.0.0.2 db\n${HOSTS}10.0.0.3 db\n`);
        return { name: "db", ip: "10.0.0.2" };
      },
      verify: async (machine) =>
        assert.equal(
          await Deno.readTextFile(machine.root.join("etc/hosts")),
          `10.0.0.2 db\n${HOSTS}`,
        ),
    },
    {
      title: "a name to be removed",
      prepare: async (machine) => {
        await write(machine, `10.0.0.2 db\n${HOSTS}`);
        return { name: "db", ensure: "absent" };
      },
      tamper: (machine) => write(machine, "fd00::1 db\n"),
    },
    {
      title: "a name on a machine without the file",
      prepare: () => Promise.resolve({ name: "db", ip: "fd00:0::5" }),
      tamper: (machine) => write(machine, "fd00::6 db\n"),
    },
  ],
  realCases: [
    {
      title: "a name that the machine's own resolver then knows",
      prepare: () =>
        Promise.resolve({ name: "db.vigo-test", ip: "10.9.8.7", aliases: ["db-vigo"] }),
      tamper: (machine) => machine.run("sed", "-i", "s/10.9.8.7/10.9.8.8/", "/etc/hosts"),
      verify: async (machine) =>
        assert.match(
          await machine.run("getent", "hosts", "db-vigo"),
          /^10\.9\.8\.7 +db\.vigo-test/,
        ),
    },
  ],
});
