import { join } from "node:path";
import { stringify } from "yaml";
import { createDemoFleet } from "../../tools/demo/demo_fleet.ts";
import { programCommand } from "../../tools/demo/run_program.ts";
import { type FileSet, toConfigcrate } from "./converge_files.ts";
import { measureProcess, type Subject } from "./converge_sample.ts";

/** A server with the files as its policy, and one enrolled envoy whose daemon does not run. */
export interface ConvergeFleet extends AsyncDisposable {
  /** `vigo run --once`: check-in over mTLS, applying, report, end. */
  readonly subject: Subject;
}

/** Starts the server, publishes and enrols. */
export async function openConvergeFleet(folder: string, set: FileSet): Promise<ConvergeFleet> {
  const fleet = await createDemoFleet(folder, ["hub", "web-1"]);
  const [hub, envoy] = fleet.hosts;
  if (hub === undefined || envoy === undefined) {
    throw new Error("unreachable: the fleet has the two hosts it was asked for");
  }
  const target = join(folder, "managed");
  const stacks = join(hub.root, "srv/vigo/stacks");
  await Deno.mkdir(join(stacks, "configcrates"), { recursive: true });
  await Deno.writeTextFile(join(stacks, "configcrates/converge.vgo"), toConfigcrate(set, target));
  await Deno.writeTextFile(
    join(stacks, "envoys.vgo"),
    stringify({ envoys: [{ match: "*", configcrates: ["converge"] }] }),
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
  const args = programCommand("vigo", ["run", "--once", "--root", envoy.root]);
  return {
    subject: { name: "vigo", target, run: () => measureProcess(Deno.execPath(), args) },
    [Symbol.asyncDispose]: () => fleet.stop(),
  };
}
