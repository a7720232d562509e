import type { ConfigProblem } from "../../../shared/rest/config.ts";
import { EXIT_CODE } from "../../../shared/terminal/exit_code.ts";
import { UserError } from "../../../shared/terminal/user_error.ts";

/** The line after the list of mistakes; `rest` says what that means for what was asked. */
export function mistakesError(problems: readonly ConfigProblem[], rest = ""): UserError {
  const count = problems.length === 1 ? "1 mistake" : `${problems.length} mistakes`;
  return new UserError(`The staged stacks have ${count}${rest}`, { exitCode: EXIT_CODE.failed });
}
