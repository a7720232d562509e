import { UserError } from "../../shared/terminal/user_error.ts";

/** Where a token may come from; never from an argument, which every user of the machine can read. */
export interface TokenSources {
  readonly file?: string;
  /** The value of `VIGO_TOKEN`. */
  readonly environment?: string;
  /** All of standard input, unless that is a terminal. */
  readStdin(): Promise<string | undefined>;
}

/** As long as the server accepts; anything longer is a wrong file. */
const MAX_TOKEN_LENGTH = 128;

/**
 * The enrolment token: from the file that was named, else `VIGO_TOKEN`, else standard input.
 *
 * @throws {UserError} if there is none, or what is there is not a token. No message quotes it.
 */
export async function readToken(sources: TokenSources): Promise<string> {
  const found = sources.file !== undefined
    ? { from: `--token-file ${sources.file}`, text: await readTokenFile(sources.file) }
    : sources.environment
    ? { from: "VIGO_TOKEN", text: sources.environment }
    : { from: "standard input", text: await sources.readStdin() };
  const token = found.text?.trim() ?? "";
  if (token === "") {
    throw new UserError(
      'Cannot enrol without a token: name a file with --token-file, set VIGO_TOKEN, or pipe it in. "vigocli enroll token create" makes one',
      { exitCode: 2 },
    );
  }
  if (token.length > MAX_TOKEN_LENGTH || !/^[\x21-\x7e]{16,}$/.test(token)) {
    throw new UserError(`Cannot enrol: what ${found.from} holds is not an enrolment token`, {
      exitCode: 2,
    });
  }
  return token;
}

async function readTokenFile(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new UserError(
      `Cannot read token file "${path}": ${cause instanceof Error ? cause.message : cause}`,
      { exitCode: 2, cause },
    );
  }
}
