import assert from "node:assert/strict";
import { cron } from "../../../agent/resources/cron.ts";
import { resourceContract } from "../resource_contract.ts";
import type { TemporaryMachine } from "../temporary_machine.ts";

const JOB = { name: "backup", schedule: "*/15 8-18 * * mon-fri", command: "/usr/bin/backup" };

async function makeFolder(machine: TemporaryMachine): Promise<string> {
  await Deno.mkdir(machine.root.join("etc/cron.d"));
  return machine.root.join("etc/cron.d/backup");
}

export const cronContract = resourceContract(cron, {
  bad: [
    { params: { name: "backup", command: "x" }, names: "schedule" },
    { params: { ...JOB, schedule: "60 * * * *" }, names: "schedule" },
    { params: { ...JOB, schedule: "* * * *" }, names: "schedule" },
    { params: { ...JOB, schedule: "@sometimes" }, names: "schedule" },
    { params: { ...JOB, schedule: "5-1 * * * *" }, names: "schedule" },
    { params: { ...JOB, name: "a.b" }, names: "name" },
    { params: { ...JOB, command: "a\nb" }, names: "command" },
    { params: { ...JOB, environment: { "A B": "" } }, names: "environment" },
    { params: { name: "backup", ensure: "absent", command: "x" }, names: "command" },
  ],
  unknown: [
    {
      title: "a machine without cron",
      prepare: () => Promise.resolve(JOB),
      reason: /there is no folder ".*\/etc\/cron\.d"; install cron/,
    },
    {
      title: "a user that does not exist",
      prepare: async (machine) => {
        await makeFolder(machine);
        return { ...JOB, user: "ghost" };
      },
      reason: /there is no user "ghost"/,
    },
  ],
  cases: [
    {
      title: "a missing job with variables and a percent sign",
      prepare: async (machine) => {
        await makeFolder(machine);
        const environment = { MAILTO: "", PS: 'a "b"' };
        return { ...JOB, command: "date +%F > /tmp/x", environment };
      },
      tamper: (machine) => Deno.chmod(machine.root.join("etc/cron.d/backup"), 0o666),
      verify: async (machine) =>
        assert.equal(
          (await Deno.readTextFile(machine.root.join("etc/cron.d/backup"))).replace(/^#.*\n/, ""),
          `MAILTO=""\nPS='a "b"'\n*/15 8-18 * * mon-fri root date +\\%F > /tmp/x\n`,
        ),
    },
    {
      title: "a job that was changed",
      prepare: async (machine) => {
        await Deno.writeTextFile(await makeFolder(machine), "@daily root true\n");
        return { ...JOB, schedule: "@reboot" };
      },
      tamper: (machine) => Deno.remove(machine.root.join("etc/cron.d/backup")),
    },
    {
      title: "a job to be removed",
      prepare: async (machine) => {
        await Deno.writeTextFile(await makeFolder(machine), "@daily root true\n");
        return { name: "backup", ensure: "absent" };
      },
      tamper: (machine) => Deno.writeTextFile(machine.root.join("etc/cron.d/backup"), ""),
    },
  ],
  realCases: [
    {
      title: "a job in the folder of the machine's cron",
      prepare: async (machine) => {
        await machine.run("mkdir", "-p", "/etc/cron.d");
        return { ...JOB, name: "vigo-backup", user: "nobody" };
      },
      tamper: (machine) => machine.run("chown", "nobody", "/etc/cron.d/vigo-backup"),
      verify: async (machine) =>
        assert.equal(
          await machine.run("stat", "-c", "%a %U", "/etc/cron.d/vigo-backup"),
          "644 root\n",
        ),
    },
  ],
});
