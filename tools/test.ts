import { formatFinding } from "./finding.ts";
import { checkDependencies } from "./check_dependencies.ts";
import { checkRooms } from "./check_rooms.ts";
import { runTests, type TestRun, type TestRunOptions } from "./run_tests.ts";
import { CODE_FOLDERS, listSourceFiles } from "./source_files.ts";
import { BROWSER_NEED, installSystemPackages, SYSTEM_NEEDS } from "./system_packages.ts";
import { SelectionError, selectTests, type TestSelection } from "./test_selection.ts";
import { longestFirst } from "./test_order.ts";
import { addTallies, EMPTY_TALLY, formatTally, type Tally } from "./test_tally.ts";

/** All unit tests together take two minutes; on a busy machine with two cores, several. */
const UNIT_TIMEOUT_MS = 20 * 60_000;
/** The longest end-to-end test takes three minutes on two cores, and more beside others. */
const FILE_TIMEOUT_MS = 20 * 60_000;
/** These tests wait half of their time: for certificates, intervals and restarts. Two cores are busy with three. */
const FILES_AT_ONCE = 3;
/** A compiler takes one core, and half a gigabyte. */
const CHECKS_AT_ONCE = 2;

/** How one part of a session came out, and what was wrong, one line each. */
interface Phase {
  readonly tally: Tally;
  readonly problems: readonly string[];
  /** What is to be known of it although it may have passed, one line each. */
  readonly notes?: readonly string[];
}

const PASSED_CHECK: Phase = { tally: EMPTY_TALLY, problems: [] };
const FAILED_CHECK: Phase = { tally: { passed: 0, failed: 1, skipped: 0 }, problems: [] };

/** Runs phases one after the other, whatever the earlier ones gave, and adds up. */
class TestSession {
  readonly #startedMs = performance.now();
  #tally = EMPTY_TALLY;
  readonly #failures: string[] = [];
  readonly #notes: string[] = [];

  async phase(title: string, run: () => Promise<Phase>): Promise<void> {
    const startedMs = performance.now();
    console.log(`\n== ${title} (at ${seconds(this.#startedMs)} s)`);
    const { tally, problems, notes = [] } = await run();
    this.#notes.push(...notes.map((note) => `${title}: ${note}`));
    const verdict = tally.failed > 0 ? "FAILED" : "ok";
    console.log(`== ${title}: ${verdict} after ${seconds(startedMs)} s`);
    if (tally.failed > 0) {
      this.#failures.push(title, ...problems.map((problem) => `  ${problem}`));
    }
    this.#tally = addTallies(this.#tally, tally);
  }

  /** Runs phases side by side, at most `width` at once, the first of the list first. */
  async sideBySide(
    width: number,
    phases: readonly { readonly title: string; readonly run: () => Promise<Phase> }[],
    signal: AbortSignal,
  ): Promise<void> {
    const rest = [...phases];
    const lane = async () => {
      for (let next = rest.shift(); next && !signal.aborted; next = rest.shift()) {
        await this.phase(next.title, next.run);
      }
    };
    await Promise.all(Array.from({ length: width }, lane));
  }

  /** Prints what failed, by name, and the verdict; its last line is the tally alone. */
  finish(): boolean {
    console.log("");
    if (this.#notes.length > 0) console.log("Noted:");
    for (const line of this.#notes) console.log(`  ${line}`);
    if (this.#failures.length > 0) console.log("Failed:");
    for (const line of this.#failures) console.log(`  ${line}`);
    console.log(formatTally(this.#tally));
    return this.#tally.failed === 0;
  }
}

async function runSelection(selection: TestSelection, signal: AbortSignal): Promise<boolean> {
  const session = new TestSession();
  const { unit, endToEnd, browser } = selection;
  if (selection.setUp) {
    await session.phase("Set-up", async () => {
      await installSystemPackages([...SYSTEM_NEEDS, ...(browser.length > 0 ? [BROWSER_NEED] : [])]);
      return PASSED_CHECK;
    });
  }
  if (selection.checks) await runChecks(session, signal);
  if (unit.length > 0) {
    await session.phase(
      "Unit tests",
      () => test(unit, { parallel: true, timeoutMs: UNIT_TIMEOUT_MS, signal }),
    );
  }
  const files = longestFirst([...endToEnd, ...browser]);
  const output = files.length > 1 ? "after" : "live";
  await session.sideBySide(
    FILES_AT_ONCE,
    files.map((file) => ({
      title: file,
      run: () => test([file], { parallel: false, timeoutMs: FILE_TIMEOUT_MS, signal, output }),
    })),
    signal,
  );
  return session.finish();
}

async function runChecks(session: TestSession, signal: AbortSignal): Promise<void> {
  const files = await listSourceFiles(Deno.cwd());
  const folders = [...CODE_FOLDERS];
  await session.sideBySide(CHECKS_AT_ONCE, [
    // In a process of its own: the memory that a compiler and its types take is free again for the tests.
    { title: "Promises", run: () => runDeno("run", "-A", "tools/check_promises.ts") },
    { title: "Types", run: () => runDeno("check", "--quiet", ...files.filter(isServed(false))) },
    // By themselves: what is known of a browser would be known to all files that are checked with them.
    {
      title: "Types of page modules",
      run: () => runDeno("check", "--quiet", ...files.filter(isServed(true))),
    },
    { title: "Format", run: () => runDeno("fmt", "--check") },
    { title: "Lint", run: () => runDeno("lint", "--quiet", ...folders) },
    {
      title: "Direction of dependencies",
      run: async () => report((await checkDependencies(Deno.cwd())).map(formatFinding)),
    },
    { title: "Order of rooms", run: async () => report(await checkRooms(Deno.cwd())) },
  ], signal);
}

/** Files that a browser runs, or all others. */
function isServed(served: boolean): (file: string) => boolean {
  return (file) => file.endsWith(".js") === served;
}

/** Runs test files; once more if the runtime itself crashed under them, which is told. */
async function test(files: readonly string[], options: TestRunOptions): Promise<Phase> {
  const first = await runTests(files, options);
  if (first.tally.failed === 0 || first.crash === undefined || options.signal.aborted) {
    return phaseOf(first);
  }
  const note = `run again, since the runtime crashed: ${first.crash}`;
  console.error(note);
  return { ...phaseOf(await runTests(files, options)), notes: [note] };
}

function phaseOf({ tally, failed, problems }: TestRun): Phase {
  for (const problem of problems) console.error(problem);
  return { tally, problems: [...failed, ...problems] };
}

function report(problems: readonly string[]): Phase {
  for (const problem of problems) console.error(problem);
  return problems.length > 0 ? { ...FAILED_CHECK, problems } : PASSED_CHECK;
}

async function runDeno(...args: string[]): Promise<Phase> {
  const { success } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" })
    .spawn().status;
  return success ? PASSED_CHECK : FAILED_CHECK;
}

function seconds(sinceMs: number): string {
  return ((performance.now() - sinceMs) / 1000).toFixed(1);
}

const USAGE = `Usage: deno task test [--quick | --unit | file or folder...]

Without arguments: every check and every test. The last line is the tally.

Options:
  --quick   format, lint, types, dependency direction, promises and unit tests
  --unit    unit tests alone
  --help    this text

VIGO_TEST_PICTURES=yes has the browser tests take pictures of pages into tests/browser/screenshots.
VIGO_TEST_SEED=random tries properties with other inputs than always; with a number, a find is replayed.

Examples:
  # before a commit; the same as: deno task ok
  deno task test --quick
  # the tests of one folder, or of one file
  deno task test server/api
  deno task test tests/e2e/fleet_test.ts
`;

if (import.meta.main) {
  if (Deno.args.some((arg) => arg === "--help" || arg === "-h")) {
    await Deno.stdout.write(new TextEncoder().encode(USAGE));
    Deno.exit(0);
  }
  const interrupt = new AbortController();
  Deno.addSignalListener("SIGINT", () => interrupt.abort());
  Deno.addSignalListener("SIGTERM", () => interrupt.abort());
  try {
    const files = (await listSourceFiles(Deno.cwd())).filter((file) => /_test\.tsx?$/.test(file));
    const passed = await runSelection(selectTests(Deno.args, files), interrupt.signal);
    Deno.exit(passed ? 0 : 1);
  } catch (error) {
    if (!(error instanceof SelectionError)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}
