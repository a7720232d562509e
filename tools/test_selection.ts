/** What one call of the test command runs. */
export interface TestSelection {
  /** Format, lint, types, dependencies, promises. */
  readonly checks: boolean;
  /** Installing what the tests of other processes need. */
  readonly setUp: boolean;
  readonly unit: readonly string[];
  /** One run per file, one after the other. */
  readonly endToEnd: readonly string[];
  readonly browser: readonly string[];
}

/** The command line is wrong; the message is one line. */
export class SelectionError extends Error {
  override readonly name = "SelectionError";
}

/**
 * Chooses what to run.
 *
 * - nothing: everything;
 * - `--quick`: the checks and the unit tests;
 * - `--unit`: the unit tests alone;
 * - names of test files or of folders: these tests alone.
 *
 * @param args the command line.
 * @param files all test files of the repository, relative to it.
 * @throws {SelectionError} if an option is unknown or a name matches no test file.
 */
export function selectTests(args: readonly string[], files: readonly string[]): TestSelection {
  const names = args.filter((arg) => !arg.startsWith("-"));
  const options = args.filter((arg) => arg.startsWith("-"));
  const unknown = options.find((option) => !["--quick", "--unit"].includes(option));
  if (unknown) {
    throw new SelectionError(`Cannot test with "${unknown}": want --quick, --unit or test files`);
  }
  if (options.length + Math.min(names.length, 1) > 1) {
    throw new SelectionError(`Cannot test "${args.join(" ")}": want one option or test files`);
  }
  const chosen = names.length === 0 ? files : names.flatMap((name) => matching(name, files));
  const everything = args.length === 0;
  const onlyUnit = options.length > 0;
  const isBrowser = (file: string) => file.startsWith("tests/browser/");
  const isEndToEnd = (file: string) => file.startsWith("tests/") && !isBrowser(file);
  return {
    checks: everything || options.includes("--quick"),
    setUp: everything || names.some((name) => name.startsWith("tests")),
    unit: chosen.filter((file) => !file.startsWith("tests/")),
    endToEnd: onlyUnit ? [] : chosen.filter(isEndToEnd),
    browser: onlyUnit ? [] : chosen.filter(isBrowser),
  };
}

function matching(name: string, files: readonly string[]): readonly string[] {
  const path = name.replace(/^\.\//, "").replace(/\/$/, "");
  const found = files.filter((file) => file === path || file.startsWith(`${path}/`));
  if (found.length > 0) return found;
  throw new SelectionError(`Cannot test "${name}": no test file has this path or is below it`);
}
