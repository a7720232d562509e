import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { REAL_MACHINE_PERMISSION } from "../support/real_machine.ts";
import { RESOURCE_CONTRACTS } from "../support/resource_cases/all.ts";
import { canBootMachine, ThrowawayMachine } from "../support/throwaway_machine.ts";

const DRIVER = join(import.meta.dirname ?? ".", "../support/contract_driver.ts");
const stepSchema = z.strictObject({
  title: z.string(),
  step: z.string(),
  failure: z.string().optional(),
});

const canRun = canBootMachine();
if (!canRun) {
  console.warn("skipped: the contract of resources on a real machine needs root and systemd");
}

for (const { type, realCases: all } of RESOURCE_CONTRACTS) {
  if (all.length === 0) continue;
  // The machine has what this one has, so that the same cases are left out there.
  const realCases = all.filter(({ ignore }) => !ignore);
  Deno.test({
    name: `${type} keeps the contract of resources on a real machine`,
    ignore: !canRun || realCases.length === 0,
    fn: async (t) => {
      await using machine = await ThrowawayMachine.boot();
      const stdout = await machine.runOrThrow(
        Deno.execPath(),
        ["run", "--allow-all", "--no-check", DRIVER, type],
        { env: REAL_MACHINE_PERMISSION, deadlineMs: 300_000 },
      );
      const steps = stdout.trim().split("\n").map((line) => stepSchema.parse(JSON.parse(line)));
      assert.deepEqual(
        [...new Set(steps.map(({ title }) => title))],
        realCases.map(({ title }) => title),
      );
      for (const { title, step, failure } of steps) {
        await t.step(`${title}: ${step}`, () => assert.equal(failure, undefined));
      }
    },
  });
}
