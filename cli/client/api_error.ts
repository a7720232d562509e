import type { Guardrail } from "../../shared/rest/guardrail.ts";
import { EXIT_CODE, type ExitCode } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";

/** An answer of the server that is not a success; `message` is the server's own sentence. */
export class ApiError extends UserError {
  /** @param guardrail that refused the command, with 423. */
  constructor(readonly status: number, message: string, readonly guardrail?: Guardrail) {
    super(message, { exitCode: exitCodeOf(status) });
  }
}

function exitCodeOf(status: number): ExitCode {
  if (status === 401 || status === 403) return EXIT_CODE.notPermitted;
  // Frozen, or no host could have it: a guardrail, which somebody may take back or overrule.
  if (status === 423) return EXIT_CODE.refused;
  // What the server cannot read is what the operator wrote on the command line.
  return status === 400 ? EXIT_CODE.usage : EXIT_CODE.failed;
}

/** No answer at all: the server is away, or is not the one that the CA names. */
export class UnreachableError extends UserError {
  constructor(message: string, cause: unknown) {
    super(message, { exitCode: EXIT_CODE.unreachable, cause });
  }
}

/** The operator no longer waits for the answer to what changes something. */
export class InterruptedCallError extends UserError {
  constructor() {
    super(
      "Interrupted before the server answered: whether it did what was asked is not known. Look with: vigocli audit list",
      { exitCode: EXIT_CODE.interrupted },
    );
  }
}
