/**
 * Runs the cases of one resource type that change a real machine, in the machine it runs on, which must be one to throw
 * away. Prints one line of JSON for each step: `{"title": "…", "step": "…", "failure": "…"}`, without a failure for one that
 * passed.
 *
 * Argument: the type.
 *
 * @module
 */
import { openRealMachine } from "./real_machine.ts";
import { RESOURCE_CONTRACTS } from "./resource_cases/all.ts";

const [type] = Deno.args;
const contract = RESOURCE_CONTRACTS.find((contract) => contract.type === type);
if (contract === undefined) throw new Error(`no contract for "${type}"`);

const machine = await openRealMachine();
for (const contractCase of contract.realCases) {
  if (contractCase.ignore) continue;
  const { title } = contractCase;
  const report = (step: string, failure?: unknown) =>
    console.log(JSON.stringify({
      title,
      step,
      failure: failure instanceof Error ? failure.stack ?? failure.message : failure,
    }));
  try {
    await contract.exercise(contractCase, machine, async (step, run) => {
      await run();
      report(step);
    });
  } catch (error) {
    report("the case", error);
  }
}
Deno.exit(0);
