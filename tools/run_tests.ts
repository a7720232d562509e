import { fileURLToPath } from "node:url";
import { TemporaryRoot } from "../tests/support/temporary_root.ts";
import { sendSignal } from "../tests/support/signal.ts";
import { listFailedTests } from "./failed_tests.ts";
import { findLeftovers, type Leftover, TEST_RUN_MARK } from "./leftover_processes.ts";
import { type OutputMode, outputPipes, showOutput } from "./show_output.ts";
import { addTallies, countReport, type Tally } from "./test_tally.ts";

export interface TestRunOptions {
  readonly parallel: boolean;
  /** Time for the whole run, in milliseconds; then all its processes are killed and it has failed. */
  readonly timeoutMs: number;
  /** Ends the run early, with all its processes. */
  readonly signal: AbortSignal;
  /** Time in which what a killed run holds (machines, networks) removes itself, in milliseconds. */
  readonly graceMs?: number;
  /** When the output of the tests is shown; `live` if left out. */
  readonly output?: OutputMode;
}

/** How a run came out: the tests that failed, and what was wrong beyond its tests, one line each. */
export interface TestRun {
  readonly tally: Tally;
  readonly failed: readonly string[];
  readonly problems: readonly string[];
  /** How the runtime itself crashed, in this run or in a process that it showed; no test can answer for that. */
  readonly crash?: string;
}

/** Signals by which a program that goes wrong ends itself. */
const CRASH_SIGNALS: ReadonlySet<string> = new Set([
  "SIGABRT",
  "SIGBUS",
  "SIGILL",
  "SIGSEGV",
  "SIGTRAP",
]);
const PROPERTY_SEED = fileURLToPath(new URL("./property_seed.ts", import.meta.url));
const DEFAULT_GRACE_MS = 60_000;
const LOOK_EVERY_MS = 50;

/**
 * Runs test files with `deno test`, prints as it goes, and counts. Types are not checked again. Processes that the
 * tests leave behind are ended, named and counted as one failure.
 */
export async function runTests(
  files: readonly string[],
  options: TestRunOptions,
): Promise<TestRun> {
  await using folder = await TemporaryRoot.create();
  const junit = folder.join("junit.xml");
  const run = crypto.randomUUID();
  const output = options.output ?? "live";
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--no-check",
      "--allow-all",
      "--no-prompt",
      `--preload=${PROPERTY_SEED}`,
      ...(options.parallel ? ["--parallel", "--reporter=dot"] : []),
      `--junit-path=${junit}`,
      ...files,
    ],
    env: { [TEST_RUN_MARK]: run },
    stdin: "null",
    ...outputPipes(output),
    detached: true,
  }).spawn();
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const stopped = AbortSignal.any([timeout, options.signal]);
  const kill = () => sendSignal(-child.pid, "SIGKILL");
  stopped.addEventListener("abort", kill, { once: true });
  if (stopped.aborted) kill();
  const crashLine = await showOutput(child, output, options.parallel);
  const status = await child.status;
  const { success } = status;
  stopped.removeEventListener("abort", kill);
  const report = await readReport(junit);
  const tally = countReport(report, success);
  const failed = listFailedTests(report);
  const crashSignal = CRASH_SIGNALS.has(status.signal ?? "") ? status.signal : undefined;
  const crash = crashLine ?? crashSignal;
  const known = { failed, ...(crash ? { crash } : {}) };
  const leftovers = await endLeftovers(run, options.graceMs ?? DEFAULT_GRACE_MS);
  if (timeout.aborted) {
    const problem = `Not finished after ${options.timeoutMs / 1000} s: ${files.join(" ")}`;
    return { ...known, tally, problems: [problem] };
  }
  if (leftovers.length === 0 || options.signal.aborted) {
    const problems = success || failed.length > 0 ? [] : [`Ended by ${describeEnd(status)}`];
    return { ...known, tally, problems };
  }
  return {
    ...known,
    tally: addTallies(tally, { passed: 0, failed: 1, skipped: 0 }),
    problems: leftovers.map(({ pid, command }) => `Left running by the tests: ${pid} ${command}`),
  };
}

function describeEnd({ code, signal }: Deno.CommandStatus): string {
  return signal === null ? `status ${code} without a failed test` : signal;
}

async function readReport(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Waits until the run has no process any more, and kills those that do not go by themselves. */
async function endLeftovers(run: string, graceMs: number): Promise<readonly Leftover[]> {
  const deadline = performance.now() + graceMs;
  while (performance.now() < deadline) {
    if ((await findLeftovers(run)).length === 0) return [];
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  const leftovers = await findLeftovers(run);
  for (const { pid } of leftovers) sendSignal(pid, "SIGKILL");
  return leftovers;
}
