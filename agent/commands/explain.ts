import { EXIT_CODE, type ExitCode } from "../../shared/terminal/exit_code.ts";
import { systemFailure } from "../../shared/terminal/system_failure.ts";
import { UserError } from "../../shared/terminal/user_error.ts";

/** Errors of the agent that a person can do something about, by name, with the status they end with. */
const EXPECTED: Readonly<Record<string, ExitCode>> = {
  AgentConfigError: EXIT_CODE.usage,
  AlreadyEnrolledError: EXIT_CODE.refused,
  LockHeldError: EXIT_CODE.refused,
  NotEnrolledError: EXIT_CODE.failed,
};

/**
 * Runs the work of a command and turns the agent's expected errors into ones that are printed as they are; anything else
 * stays the bug it is.
 */
export async function explain<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toUserError(error);
  }
}

function toUserError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error;
  if (isForbidden(error)) {
    const saysItself = /^Cannot /.test(error.message);
    return new UserError(
      saysItself
        ? error.message
        : `Cannot work here: ${error.message}. Run as root, or name a folder of your own with --root`,
      { exitCode: EXIT_CODE.notPermitted, cause: error },
    );
  }
  const exitCode = EXPECTED[error.name];
  if (exitCode !== undefined) {
    const message = error.name === "LockHeldError"
      ? `Cannot start: ${error.message}. Wait for it to end`
      : error.message;
    return new UserError(message, { exitCode, cause: error });
  }
  if (error.name === "RestError") {
    const status = "status" in error ? error.status : undefined;
    const isAway = status === undefined;
    return new UserError(error.message, {
      exitCode: isAway ? EXIT_CODE.unreachable : EXIT_CODE.failed,
      cause: error,
    });
  }
  if (isSystemError(error)) {
    const failure = systemFailure(error);
    const said = failure?.path === undefined
      ? error.message
      : `cannot use "${failure.path}": ${failure.reason}`;
    return new UserError(
      `Cannot work here: ${said}. Check the folder that --root or VIGO_ROOT names, and its disk`,
      { cause: error },
    );
  }
  if (/^Cannot /.test(error.message)) return new UserError(error.message, { cause: error });
  return error;
}

/** Whether the rights of the caller were not enough, however the error was wrapped on its way. */
function isForbidden(error: Error): boolean {
  return error instanceof Deno.errors.PermissionDenied ||
    (error.cause instanceof Error && isForbidden(error.cause));
}

/** Whether the operating system refused: a missing folder, a read-only or full disk. */
function isSystemError(error: Error): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    ("code" in error && /^E[A-Z]{2,}$/.test(String(error.code)));
}
