import { userInfo } from "node:os";
import { join } from "node:path";
import { EXIT_CODE, type ExitCode } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { runOrThrow } from "../support/run_command.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { type BenchReport, describeMachine } from "./bench_report.ts";
import { ANSIBLE } from "./converge_ansible.ts";
import { type Applied, appliedSchema } from "./converge_apply.ts";
import { openConvergeFleet } from "./converge_fleet.ts";
import { PUPPET } from "./converge_puppet.ts";
import { ConvergeResults } from "./converge_results.ts";
import { isInstalled, type Rival } from "./converge_rival.ts";
import type { Subject } from "./converge_sample.ts";
import { type ConvergeSet, makeConvergeSet } from "./converge_set.ts";
import { verifySet } from "./converge_verify.ts";
import type { Progress } from "./main.ts";

/** A number of resources, how often each subject begins with nothing, and who is measured beside Vigo. */
interface Size {
  readonly resources: number;
  readonly rounds: number;
  readonly rivals: readonly Rival[];
}

/** Ansible takes a third of a second and more for each task, so it has the smallest set alone. */
const SIZES: readonly Size[] = [
  { resources: 50, rounds: 3, rivals: [PUPPET, ANSIBLE] },
  { resources: 200, rounds: 3, rivals: [PUPPET] },
  { resources: 2000, rounds: 2, rivals: [PUPPET] },
];
const NO_CHANGE_RUNS_PER_ROUND = 2;

/** Says what begins now; ends the benchmark if that was asked for meanwhile. */
type Begin = (step: string) => void;

/**
 * What it costs to bring a set of files, folders, symbolic links and guarded commands about (`first_N`), and to find that
 * all of it is there (`no_change_N`). Subjects take turns, so that noise of the machine meets all of them, and what they
 * leave behind is verified after every run.
 *
 * - `p50`, `max`, `cpu_ms_per_op`: `vigo run --once`, check-in and report over mTLS included, `puppet apply`, and
 *   `ansible-playbook` with a local connection and without gathering facts, as whole processes; an op is one run.
 * - `apply_…`: applying alone, for Vigo in a process that stays, as the daemon does; its first run is that of a daemon that
 *   has just been started, `apply_cpu_ms_per_op` is its own processor time without that of the commands it starts, and
 *   `apply_rss_peak` the most memory it ever held. For Puppet what it reports itself; Ansible reports nothing.
 * - `process_apply_…`: what `vigo run --once` reports itself, which is to Puppet's figure what one cold process is to another.
 */
export async function benchConverge(progress: Progress): Promise<BenchReport> {
  using interrupt = new Interrupt();
  await using folder = await TemporaryRoot.create("vigo-converge-");
  const rivals = new Set(SIZES.flatMap(({ rivals }) => rivals));
  const installed = new Set<Rival>();
  const skipped = new Set<string>();
  for (const rival of rivals) {
    if (await isInstalled(rival)) installed.add(rival);
    else skipped.add(`${rival.name}: it is not installed (Debian package ${rival.debianPackage})`);
  }
  const results: ConvergeResults[] = [];
  for (const { resources, ...size } of SIZES) {
    const begin = (step: string) => {
      interrupt.throwIfRequested();
      progress(`${resources} resources: ${step}`);
    };
    const place = folder.join(`${resources}`);
    await Deno.mkdir(place);
    const set = makeConvergeSet(resources, userInfo().username);
    await using fleets = new AsyncDisposableStack();
    const subjects: Subject[] = [];
    begin("starting a server and enrolling an envoy");
    try {
      subjects.push(fleets.use(await openConvergeFleet(join(place, "fleet"), set)).subject);
    } catch (error) {
      const [reason = "", ...details] = (error instanceof Error ? error.message : String(error))
        .split("\n");
      progress(details.join("\n"));
      skipped.add(`vigo run --once: the programs cannot be started: ${reason}`);
    }
    for (const rival of size.rivals) {
      if (!installed.has(rival)) continue;
      const own = join(place, rival.name);
      await Deno.mkdir(own);
      subjects.push(await rival.open(own, set));
    }
    results.push(await measureSize(place, set, size.rounds, subjects, begin));
    interrupt.throwIfRequested();
  }
  return {
    bench: "converge",
    machine: describeMachine(),
    rows: results.flatMap((result) => result.rows()),
    skipped: [...skipped],
  };
}

async function measureSize(
  place: string,
  set: ConvergeSet,
  rounds: number,
  subjects: readonly Subject[],
  begin: Begin,
): Promise<ConvergeResults> {
  const results = new ConvergeResults(set.resources.length);
  for (let round = 1; round <= rounds; round++) {
    begin(`round ${round} of ${rounds}: applying as the daemon does`);
    results.addApplying(await measureApplying(join(place, `applying-${round}`), set));
    const stamps = new Map<Subject, string>();
    for (const subject of subjects) {
      begin(`round ${round} of ${rounds}: first run, ${subject.name}`);
      await Deno.remove(subject.target, { recursive: true }).catch(ignoreMissing);
      await Deno.mkdir(subject.target);
      results.add("first", subject.name, await subject.run());
      stamps.set(subject, await verifySet(set, subject.target));
    }
    for (let i = 0; i < NO_CHANGE_RUNS_PER_ROUND; i++) {
      for (const subject of subjects) {
        begin(`round ${round} of ${rounds}: no-change run, ${subject.name}`);
        results.add("no_change", subject.name, await subject.run());
        if (await verifySet(set, subject.target) !== stamps.get(subject)) {
          throw new Error(`${subject.name} wrote what was as it should be`);
        }
      }
    }
  }
  return results;
}

async function measureApplying(folder: string, set: ConvergeSet): Promise<Applied> {
  const program = new URL("converge_apply.ts", import.meta.url).pathname;
  const target = join(folder, "managed");
  await Deno.mkdir(target, { recursive: true });
  const printed = await runOrThrow(Deno.execPath(), [
    "run",
    "--quiet",
    "--no-check",
    "--allow-all",
    program,
    join(folder, "root"),
    target,
    set.owner,
    `${set.resources.length}`,
  ]);
  await verifySet(set, target);
  return appliedSchema.parse(JSON.parse(printed));
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

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
