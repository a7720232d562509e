import { userInfo } from "node:os";
import { join } from "node:path";
import { EXIT_CODE, type ExitCode } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { runOrThrow } from "../support/run_command.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { type BenchReport, type BenchRow, describeMachine, percentile } from "./bench_report.ts";
import { appliedSchema } from "./converge_apply.ts";
import { type FileSet, makeFileSet, verifyFiles } from "./converge_files.ts";
import { openConvergeFleet } from "./converge_fleet.ts";
import { openPuppet } from "./converge_puppet.ts";
import type { Sample, Subject } from "./converge_sample.ts";
import type { Progress } from "./main.ts";

/** First runs of each subject; a no-change run follows as often as is said below. */
const ROUNDS = 3;
const NO_CHANGE_RUNS_PER_ROUND = 2;

const CASES = { first: "first_200", noChange: "no_change_200" } as const;
type CaseName = typeof CASES[keyof typeof CASES];

/**
 * What it costs to bring 200 files about, and to find that they are all there. Subjects take turns, so that noise of the
 * machine meets all of them, and what they leave behind is verified after every run.
 *
 * - `p50`, `max`, `cpu_ms_per_op`: `vigo run --once`, check-in and report over mTLS included, and `puppet apply`, as whole
 *   processes; an op is one run.
 * - `apply_…`: applying alone, for Vigo in a process that stays, as the daemon does; its first run is that of a daemon that
 *   has just been started. For Puppet what it reports itself.
 * - `process_apply_…`: what `vigo run --once` reports itself, which is to Puppet's figure what one cold process is to another.
 */
export async function benchConverge(progress: Progress): Promise<BenchReport> {
  using interrupt = new Interrupt();
  await using folder = await TemporaryRoot.create("vigo-converge-");
  await using fleets = new AsyncDisposableStack();
  const set = makeFileSet(userInfo().username);
  const results = new Results();
  const skipped: string[] = [];
  const subjects: Subject[] = [];
  const begin = (step: string) => {
    interrupt.throwIfRequested();
    progress(step);
  };

  begin("starting a server and enrolling an envoy");
  try {
    const fleet = fleets.use(await openConvergeFleet(folder.join("fleet"), set));
    subjects.push(fleet.subject);
  } catch (error) {
    const [reason = "", ...details] = (error instanceof Error ? error.message : String(error))
      .split("\n");
    progress(details.join("\n"));
    skipped.push(`vigo run --once: the programs cannot be started: ${reason}`);
  }
  const puppet = await openPuppet(folder.join("puppet"), set);
  if (puppet.ok) subjects.push(puppet.subject);
  else skipped.push(puppet.reason);

  for (let round = 1; round <= ROUNDS; round++) {
    begin(`round ${round} of ${ROUNDS}: applying as the daemon does`);
    await measureApplying(folder.join(`applying-${round}`), set, results);
    const stamps = new Map<Subject, string>();
    for (const subject of subjects) {
      begin(`round ${round} of ${ROUNDS}: first run, ${subject.name}`);
      await Deno.remove(subject.target, { recursive: true }).catch(ignoreMissing);
      results.add(CASES.first, subject.name, await subject.run());
      stamps.set(subject, await verifyFiles(set, subject.target));
    }
    for (let i = 0; i < NO_CHANGE_RUNS_PER_ROUND; i++) {
      for (const subject of subjects) {
        begin(`round ${round} of ${ROUNDS}: no-change run, ${subject.name}`);
        results.add(CASES.noChange, subject.name, await subject.run());
        if (await verifyFiles(set, subject.target) !== stamps.get(subject)) {
          throw new Error(`${subject.name} wrote files that were as they should be`);
        }
      }
    }
  }
  interrupt.throwIfRequested();
  return { bench: "converge", machine: describeMachine(), rows: results.rows(), skipped };
}

async function measureApplying(folder: string, set: FileSet, results: Results): Promise<void> {
  const program = new URL("converge_apply.ts", import.meta.url).pathname;
  const target = join(folder, "managed");
  await Deno.mkdir(folder);
  const printed = await runOrThrow(Deno.execPath(), [
    "run",
    "--quiet",
    "--no-check",
    "--allow-all",
    program,
    join(folder, "root"),
    target,
    set.owner,
  ]);
  const { first, noChange } = appliedSchema.parse(JSON.parse(printed));
  results.addApplying(CASES.first, "vigo", [first]);
  results.addApplying(CASES.noChange, "vigo", noChange);
  await verifyFiles(set, target);
}

/** Ctrl-C ends the benchmark after the step under way; what it started has a process group of its own and is ended in order. */
class Interrupt implements Disposable {
  #exitCode: ExitCode | undefined;
  readonly #listeners = [
    ["SIGINT", () => this.#request(EXIT_CODE.interrupted)],
    ["SIGTERM", () => this.#request(EXIT_CODE.terminated)],
  ] as const;

  constructor() {
    for (const [signal, listener] of this.#listeners) Deno.addSignalListener(signal, listener);
  }

  throwIfRequested(): void {
    if (this.#exitCode === undefined) return;
    throw new UserError("Interrupted; everything is cleaned up", { exitCode: this.#exitCode });
  }

  #request(exitCode: ExitCode): void {
    this.#exitCode = exitCode;
  }

  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
  }
}

/** Collects samples by case, subject and kind, in the order in which they first appear. */
class Results {
  readonly #samples = new Map<
    string,
    { name: CaseName; subject: string; prefix: string; samples: Sample[] }
  >();

  add(name: CaseName, subject: string, sample: Sample): void {
    this.#push(name, subject, "", [sample]);
    if (sample.applyMs !== undefined) {
      const prefix = subject === "vigo" ? "process_apply_" : "apply_";
      this.#push(name, subject, prefix, [{ wallMs: sample.applyMs }]);
    }
  }

  addApplying(name: CaseName, subject: string, samples: readonly Sample[]): void {
    this.#push(name, subject, "apply_", samples);
  }

  rows(): BenchRow[] {
    return [...this.#samples.values()]
      .sort((a, b) => a.name.localeCompare(b.name))
      .flatMap(({ name, subject, prefix, samples }) => {
        const wallMs = samples.map((sample) => sample.wallMs);
        const cpuMs = samples.flatMap((sample) => sample.cpuMs ?? []);
        const row = (metric: string, value: number, unit: string): BenchRow => ({
          case: name,
          subject,
          metric: `${prefix}${metric}`,
          value,
          unit,
        });
        return [
          row("p50", percentile(wallMs, 0.5) / 1000, "s"),
          row("max", Math.max(...wallMs) / 1000, "s"),
          ...(cpuMs.length === 0 ? [] : [row("cpu_ms_per_op", percentile(cpuMs, 0.5), "ms")]),
        ];
      });
  }

  #push(name: CaseName, subject: string, prefix: string, samples: readonly Sample[]): void {
    const key = `${name} ${subject} ${prefix}`;
    const known = this.#samples.get(key) ?? { name, subject, prefix, samples: [] };
    known.samples.push(...samples);
    this.#samples.set(key, known);
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
