import { EXIT_CODE, type ExitCode } from "./exit_code.ts";
import { sanitize, sanitizeLines } from "./sanitize.ts";
import { systemFailure } from "./system_failure.ts";

/**
 * A failure that the person at the command line can do something about. Its message is one line: what was being done, the
 * value, what was wanted, what to do.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  /** The status the program ends with. */
  readonly exitCode: ExitCode;

  constructor(message: string, options: { exitCode?: ExitCode; cause?: unknown } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : {});
    this.exitCode = options.exitCode ?? EXIT_CODE.failed;
  }
}

/** Most causes shown below an error: a chain may be long, or closed into a ring. */
const MAX_CAUSES = 10;

/**
 * An error as a command line prints it, safe for a terminal, without a final line feed.
 *
 * A {@linkcode UserError} is its message; with `verbose` each cause follows on a line of its own. A path that the machine
 * refused is named with the reason. Any other error is a bug, and says so. With `verbose` the stack of these follows.
 */
export function formatError(error: unknown, { verbose }: { verbose: boolean }): string {
  if (error instanceof UserError) {
    const message = sanitize(error.message);
    return verbose ? [message, ...formatCauses(error)].join("\n") : message;
  }
  const stack = error instanceof Error && error.stack ? [sanitizeLines(error.stack)] : [];
  const refusal = systemFailure(error);
  if (refusal?.path !== undefined) {
    const message = `Cannot use "${
      sanitize(refusal.path)
    }": ${refusal.reason}. Check that path, its rights and its disk`;
    return verbose ? [message, ...stack, ...formatCauses(error)].join("\n") : message;
  }
  const summary = `${sanitize(String(error))}. This is a bug`;
  if (!verbose) return `${summary}. Run again with --verbose to see where, and report it`;
  return [`${summary}. Please report it with these lines`, ...stack, ...formatCauses(error)].join(
    "\n",
  );
}

/** The status to end with after `error`. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof UserError ? error.exitCode : EXIT_CODE.failed;
}

function formatCauses(error: unknown): string[] {
  const lines: string[] = [];
  let current = error;
  while (current instanceof Error && current.cause !== undefined) {
    if (lines.length === MAX_CAUSES) return [...lines, "  … and further causes"];
    current = current.cause;
    lines.push(`  caused by: ${sanitize(String(current))}`);
  }
  return lines;
}
