import { EXIT_CODE } from "../shared/terminal/exit_code.ts";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "../shared/rest/users.ts";
import { UserError } from "../shared/terminal/user_error.ts";
import type { CliContext } from "./context.ts";
import { valueFromInput } from "./secret_input.ts";

/**
 * A password that somebody chooses: typed twice without being shown, or all of standard input. Never an argument, which every
 * user of the machine could read.
 *
 * @throws {UserError} if it is too short or too long, typed differently, or given up.
 */
export async function readNewPassword(
  context: CliContext,
  who: string,
  isFromInput: boolean,
): Promise<string> {
  const password = isFromInput
    ? valueFromInput(await context.readInput())
    : await askTwice(context, who);
  if (password.length < MIN_PASSWORD_LENGTH || password.length > MAX_PASSWORD_LENGTH) {
    throw usage(
      `The password has ${password.length} characters: choose one of ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH}`,
    );
  }
  return password;
}

/** A password that somebody has. @throws {UserError} if nothing is given. */
export async function readPassword(
  context: CliContext,
  who: string,
  isFromInput: boolean,
): Promise<string> {
  const password = isFromInput
    ? valueFromInput(await context.readInput())
    : await context.askHidden(`Password of ${who}: `);
  if (password === undefined) throw givenUp();
  if (password === "") throw usage("The password is empty: type it, or give it with --stdin");
  return password;
}

async function askTwice(context: CliContext, who: string): Promise<string> {
  const password = await context.askHidden(`New password of ${who}: `);
  const again = password ? await context.askHidden("Again: ") : password;
  if (password === undefined || again === undefined) throw givenUp();
  if (password !== again) throw usage("The two passwords differ: try again");
  return password;
}

function givenUp(): UserError {
  return new UserError("Nothing was changed", { exitCode: EXIT_CODE.interrupted });
}

function usage(message: string): UserError {
  return new UserError(message, { exitCode: EXIT_CODE.usage });
}
