/** Runs one benchmark: `deno task bench NAME [--json]`. Prints a table, or with `--json` one document and nothing else. */
import { Argument, Command } from "@commander-js/extra-typings";
import { runCli, withExamples } from "../../shared/terminal/run_cli.ts";
import { type BenchReport, renderReport } from "./bench_report.ts";

/** Tells people on standard error what is being measured. */
export type Progress = (text: string) => void;

/** What a benchmark is asked for. */
export interface BenchOptions {
  /** Cases to measure; empty means all. Benchmarks without named cases measure everything. */
  readonly rows: readonly string[];
}

export type Benchmark = (progress: Progress, options: BenchOptions) => Promise<BenchReport>;

/** Loaded when asked for: one benchmark must not pay for what another imports. */
const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  checkin: async () => (await import("./checkin.ts")).benchCheckin,
  converge: async () => (await import("./converge.ts")).benchConverge,
  fuzz: async () => (await import("./fuzz.ts")).benchFuzz,
  fanout: async () => (await import("./fanout.ts")).benchFanout,
  simulation: async () => (await import("./simulation.ts")).benchSimulation,
  dispatch: async () => (await import("./dispatch.ts")).benchDispatch,
  poolq: async () => (await import("./poolq.ts")).benchPoolq,
  publish: async () => (await import("./publish.ts")).benchPublish,
  ui: async () => (await import("./ui.ts")).benchUi,
};

const program = new Command("bench")
  .description("Measure this machine; prints figures, never fails on time")
  .addArgument(new Argument("<name>", "which benchmark").choices(Object.keys(BENCHMARKS)))
  .option("--json", "print one JSON document", false)
  .option(
    "--row <case...>",
    "measure these cases of dispatch, fanout, publish, simulation or ui alone",
  )
  .action(async (name, { json, row: rows = [] }) => {
    const load = BENCHMARKS[name];
    if (load === undefined) throw new Error(`unreachable: commander admits known names only`);
    const benchmark = await load();
    const report = await benchmark((text) => console.error(text), { rows });
    console.log(json ? JSON.stringify(report, null, 2) : renderReport(report));
  });
withExamples(program, [
  ["deno task bench checkin", "what a check-in costs the server"],
  ["deno task bench converge --json", "for a program"],
  ["deno task bench fanout --row 256MiB_to_8", "one case, and its rivals"],
  ["deno task bench dispatch --row agents_1000", "one task on a thousand agents"],
]);

Deno.exit(
  await runCli(program, {
    args: Deno.args,
    write: (text) => Deno.stdout.writeSync(new TextEncoder().encode(text)),
    writeError: (text) => Deno.stderr.writeSync(new TextEncoder().encode(text)),
    isTerminal: Deno.stdout.isTerminal(),
    env: Deno.env.toObject(),
  }),
);
