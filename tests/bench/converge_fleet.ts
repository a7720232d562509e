import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { programCommand } from "../support/run_program.ts";
import { TestFleet } from "../support/test_fleet.ts";
import { toConfigcrates } from "./converge_policy.ts";
import { measureProcess, type Subject } from "./converge_sample.ts";
import type { ConvergeSet } from "./converge_set.ts";

/** A server with the set as its policy, and one enrolled envoy whose daemon does not run. */
export interface ConvergeFleet extends AsyncDisposable {
  /** `vigo run --once`: check-in over mTLS, applying, report, end. */
  readonly subject: Subject;
}

/** Starts the server, publishes and enrols. */
export async function openConvergeFleet(folder: string, set: ConvergeSet): Promise<ConvergeFleet> {
  const fleet = await TestFleet.layOut(folder, ["hub", "web-1"]);
  const [hub, envoy] = fleet.hosts;
  if (hub === undefined || envoy === undefined) {
    throw new Error("unreachable: the fleet has the two hosts it was asked for");
  }
  const target = join(folder, "managed");
  const stacks = join(hub.root, "srv/vigo/stacks");
  await Deno.mkdir(join(stacks, "configcrates"), { recursive: true });
  const crates = toConfigcrates(set, target);
  for (const [name, text] of crates) {
    await Deno.writeTextFile(join(stacks, `configcrates/${name}.vgo`), text);
  }
  await Deno.writeTextFile(
    join(stacks, "envoys.vgo"),
    stringify({ envoys: [{ match: "*", configcrates: [...crates.keys()] }] }),
  );
  try {
    await fleet.startServer();
    await fleet.cli("config", "publish", "-m", "converge");
    await fleet.enrol(envoy);
  } catch (cause) {
    const message = `${cause instanceof Error ? cause.message : cause}\n${fleet.logs()}`;
    await fleet.stop();
    throw new Error(message, { cause });
  }
  const args = programCommand("vigo", ["run", "--once", "--json", "--root", envoy.root]);
  const run = async () => {
    const { printed, ...sample } = await measureProcess(Deno.execPath(), args);
    const { report, failure } = answerSchema.parse(JSON.parse(printed));
    if (failure !== null) throw new Error(`vigo run --once applied without the server: ${failure}`);
    return { ...sample, applyMs: report.durationMs };
  };
  return { subject: { name: "vigo", target, run }, [Symbol.asyncDispose]: () => fleet.stop() };
}

/** Of what `vigo run --once --json` prints; a run without a report has applied nothing. */
const answerSchema = z.object({
  report: z.object({ durationMs: z.number() }),
  failure: z.string().nullable(),
});
