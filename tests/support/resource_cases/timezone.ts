import { timezone } from "../../../agent/resources/timezone.ts";
import { resourceContract } from "../resource_contract.ts";
import type { TemporaryMachine } from "../temporary_machine.ts";

const ZONES = ["UTC", "Europe/Berlin"];

async function offerZones(machine: TemporaryMachine): Promise<void> {
  const folder = machine.root.join("usr/share/zoneinfo");
  await Deno.mkdir(`${folder}/Europe`, { recursive: true });
  for (const zone of ZONES) await Deno.writeTextFile(`${folder}/${zone}`, "TZif");
}

export const timezoneContract = resourceContract(timezone, {
  bad: [
    { params: {}, names: "name" },
    { params: { name: "../../etc/passwd" }, names: "name" },
    { params: { name: "/Europe/Berlin" }, names: "name" },
  ],
  unknown: [
    {
      title: "a zone that the machine does not know",
      prepare: () => Promise.resolve({ name: "Europe/Atlantis" }),
      reason: /there is no time zone "Europe\/Atlantis" in .*; install tzdata/,
    },
  ],
  cases: [
    {
      title: "another zone, on a system that also writes its name down",
      prepare: async (machine) => {
        await offerZones(machine);
        await Deno.symlink("../usr/share/zoneinfo/UTC", machine.root.join("etc/localtime"));
        await Deno.writeTextFile(machine.root.join("etc/timezone"), "UTC\n");
        return { name: "Europe/Berlin" };
      },
      tamper: (machine) => Deno.writeTextFile(machine.root.join("etc/timezone"), "UTC\n"),
    },
    {
      title: "a copy where the link should be",
      prepare: async (machine) => {
        await offerZones(machine);
        await Deno.writeTextFile(machine.root.join("etc/localtime"), "TZif");
        return { name: "Europe/Berlin" };
      },
      tamper: (machine) => Deno.remove(machine.root.join("etc/localtime")),
    },
  ],
  realCases: [
    {
      title: "another zone",
      prepare: (machine) => {
        machine.observed.push(["date", "+%Z"]);
        return Promise.resolve({ name: "Asia/Kolkata" });
      },
      tamper: (machine) => machine.run("ln", "-sfn", "/usr/share/zoneinfo/UTC", "/etc/localtime"),
      verify: async (machine) => {
        const zone = (await machine.run("date", "+%Z")).trim();
        if (zone !== "IST") throw new Error(`date says ${zone}`);
      },
    },
  ],
});
