import { counted } from "../../../shared/terminal/counted.ts";
import type { ConfigProblem } from "../../../shared/rest/config.ts";
import { EXIT_CODE } from "../../../shared/terminal/exit_code.ts";
import { UserError } from "../../../shared/terminal/user_error.ts";

/** The line after the list of mistakes; `rest` says what that means for what was asked. */
export function mistakesError(problems: readonly ConfigProblem[], rest = ""): UserError {
  return new UserError(`The staged stacks have ${counted(problems.length, "mistake")}${rest}`, {
    exitCode: EXIT_CODE.failed,
  });
}
