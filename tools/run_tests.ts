import { stripVTControlCharacters } from "node:util";
import { TemporaryRoot } from "../tests/support/temporary_root.ts";
import { sendSignal } from "../tests/support/signal.ts";
import { listFailedTests } from "./failed_tests.ts";
import { findLeftovers, type Leftover, TEST_RUN_MARK } from "./leftover_processes.ts";
import { addTallies, countReport, type Tally } from "./test_tally.ts";

export interface TestRunOptions {
  readonly parallel: boolean;
  /** Time for the whole run, in milliseconds; then all its processes are killed and it has failed. */
  readonly timeoutMs: number;
  /** Ends the run early, with all its processes. */
  readonly signal: AbortSignal;
  /** Time in which what a killed run holds (machines, networks) removes itself, in milliseconds. */
  readonly graceMs?: number;
  /** When the output of the tests is shown: `live` if left out; `after` keeps it together once the run is over. */
  readonly output?: "live" | "after" | "never";
}

/** How a run came out: the tests that failed, and what was wrong beyond its tests, one line each. */
export interface TestRun {
  readonly tally: Tally;
  readonly failed: readonly string[];
  readonly problems: readonly string[];
}

const DEFAULT_GRACE_MS = 5_000;
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
      ...(options.parallel ? ["--parallel", "--reporter=dot"] : []),
      `--junit-path=${junit}`,
      ...files,
    ],
    env: { [TEST_RUN_MARK]: run },
    stdin: "null",
    ...OUTPUTS[output],
    detached: true,
  }).spawn();
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const stopped = AbortSignal.any([timeout, options.signal]);
  const kill = () => sendSignal(-child.pid, "SIGKILL");
  stopped.addEventListener("abort", kill, { once: true });
  if (stopped.aborted) kill();
  await showOutput(child, output, options.parallel);
  const status = await child.status;
  const { success } = status;
  stopped.removeEventListener("abort", kill);
  const report = await readReport(junit);
  const tally = countReport(report, success);
  const failed = listFailedTests(report);
  const leftovers = await endLeftovers(run, options.graceMs ?? DEFAULT_GRACE_MS);
  if (timeout.aborted) {
    const problem = `Not finished after ${options.timeoutMs / 1000} s: ${files.join(" ")}`;
    return { tally, failed, problems: [problem] };
  }
  if (leftovers.length === 0 || options.signal.aborted) {
    const problems = success || failed.length > 0 ? [] : [`Ended by ${describeEnd(status)}`];
    return { tally, failed, problems };
  }
  return {
    tally: addTallies(tally, { passed: 0, failed: 1, skipped: 0 }),
    failed,
    problems: leftovers.map(({ pid, command }) => `Left running by the tests: ${pid} ${command}`),
  };
}

const OUTPUTS = {
  live: { stdout: "piped", stderr: "inherit" },
  after: { stdout: "piped", stderr: "piped" },
  never: { stdout: "null", stderr: "null" },
} as const satisfies Record<NonNullable<TestRunOptions["output"]>, Deno.CommandOptions>;

async function showOutput(
  child: Deno.ChildProcess,
  output: NonNullable<TestRunOptions["output"]>,
  hasDots: boolean,
): Promise<void> {
  if (output === "never") return;
  if (output === "after") {
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    await write(stdout + stderr);
  } else if (hasDots) await showWithoutDots(child.stdout);
  else for await (const bytes of child.stdout) await write(bytes);
}

async function write(output: string | Uint8Array): Promise<void> {
  let rest = typeof output === "string" ? new TextEncoder().encode(output) : output;
  while (rest.length > 0) rest = rest.subarray(await Deno.stdout.write(rest));
}

/** Copies what the dot reporter prints without its dots, which fill a line each where there is no terminal. */
async function showWithoutDots(output: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
  let rest = "";
  for await (const text of output.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (stripVTControlCharacters(line).length > 1) console.log(line);
  }
  if (rest !== "") console.log(rest);
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
