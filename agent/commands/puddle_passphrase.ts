import { Secret } from "../../shared/crypto/secret.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { HiddenLine } from "../../shared/terminal/hidden_line.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { isAbsent } from "../store/is_absent.ts";
import type { AgentContext } from "./context.ts";

/** Shortest passphrase that is taken for a new one, in characters: what is wrapped may be tried offline. */
export const MIN_PASSPHRASE_LENGTH = 10;
/** Longest passphrase, in characters. */
const MAX_PASSPHRASE_LENGTH = 1024;
/** Larger is no passphrase. */
const MAX_FILE_BYTES = 8192;

/** Where a passphrase comes from; without either it is typed. */
export interface PassphraseFlags {
  readonly passphraseFile?: string | undefined;
  readonly passphraseStdin?: boolean | undefined;
}

/** The passphrase of a puddle that there is. @throws {UserError} if none is given. */
export async function readPassphrase(
  context: AgentContext,
  flags: PassphraseFlags,
): Promise<Secret> {
  return new Secret(await readGiven(context, flags) ?? await askHidden(context, "Passphrase: "));
}

/** A passphrase that somebody chooses: typed twice, or given once. @throws {UserError} if it is too short or typed differently. */
export async function readNewPassphrase(
  context: AgentContext,
  flags: PassphraseFlags,
  label = "New passphrase",
): Promise<Secret> {
  const given = await readGiven(context, flags);
  if (given !== undefined) return checked(given);
  const text = checked(await askHidden(context, `${label}: `));
  if (await askHidden(context, "Again: ") !== text.reveal()) {
    throw usage("The two passphrases differ: try again");
  }
  return text;
}

/**
 * The present passphrase and the one that takes its place; standard input has both, each on a line.
 *
 * @throws {UserError} if either is missing, or the new one is too short or typed differently.
 */
export async function readBothPassphrases(
  context: AgentContext,
  flags: PassphraseFlags & { readonly newPassphraseFile?: string | undefined },
): Promise<{ readonly present: Secret; readonly next: Secret }> {
  if (flags.passphraseStdin) {
    const [present, next, ...more] = (await readInput(context)).replace(/\n$/, "").split(/\r?\n/);
    if (!present || next === undefined || more.length > 0) {
      throw usage(
        "Cannot read the passphrases: standard input has to have two lines, the present one and the new one",
      );
    }
    return { present: new Secret(present), next: checked(next) };
  }
  if ((flags.passphraseFile === undefined) !== (flags.newPassphraseFile === undefined)) {
    throw usage("Give both --passphrase-file and --new-passphrase-file, or neither");
  }
  const present = await readPassphrase(context, flags);
  const next = await readNewPassphrase(context, { passphraseFile: flags.newPassphraseFile });
  return { present, next };
}

async function readGiven(
  context: AgentContext,
  { passphraseFile, passphraseStdin }: PassphraseFlags,
): Promise<string | undefined> {
  if (passphraseFile !== undefined && passphraseStdin) {
    throw usage("Give --passphrase-file or --passphrase-stdin, not both");
  }
  if (passphraseStdin) return firstLine(await readInput(context), "standard input");
  return passphraseFile === undefined ? undefined : await readFile(passphraseFile);
}

async function readInput(context: AgentContext): Promise<string> {
  const text = await context.readStdin();
  if (text === undefined) {
    throw usage(
      "Cannot read the passphrase: standard input is a terminal. Leave --passphrase-stdin out",
    );
  }
  return text;
}

async function readFile(path: string): Promise<string> {
  let bytes;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    const why = isAbsent(error)
      ? "there is none"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new UserError(`Cannot read the passphrase from ${path}: ${why}`, {
      exitCode: EXIT_CODE.usage,
      cause: error,
    });
  }
  if (bytes.length > MAX_FILE_BYTES) {
    throw usage(`Cannot read a passphrase from ${path}: too large`);
  }
  return firstLine(new TextDecoder().decode(bytes), path);
}

/** What `echo` and editors add at the end is no part of a passphrase. */
function firstLine(text: string, from: string): string {
  const [line = "", ...more] = text.replace(/\r?\n$/, "").split(/\r?\n/);
  if (more.length > 0) throw usage(`Cannot read a passphrase from ${from}: it has several lines`);
  if (line === "") throw usage(`Cannot read a passphrase from ${from}: it is empty`);
  return line;
}

function checked(text: string): Secret {
  if (text.length >= MIN_PASSPHRASE_LENGTH && text.length <= MAX_PASSPHRASE_LENGTH) {
    return new Secret(text);
  }
  throw usage(
    `The passphrase has ${text.length} characters: choose one of ${MIN_PASSPHRASE_LENGTH} to ${MAX_PASSPHRASE_LENGTH}`,
  );
}

/** A line typed on the terminal without being shown. @param instead the options for a caller without a terminal. */
export async function askHidden(
  context: AgentContext,
  label: string,
  instead = "--passphrase-file or --passphrase-stdin",
): Promise<string> {
  if (!Deno.stdin.isTerminal()) {
    throw usage(
      `Cannot ask for ${
        label.replace(/: $/, "").toLowerCase()
      }: standard input is no terminal. Use ${instead}`,
    );
  }
  Deno.stdin.setRaw(true);
  try {
    // Only now, so that nothing that is typed at once is shown.
    context.writeError(label);
    const line = new HiddenLine();
    const buffer = new Uint8Array(1024);
    for (;;) {
      const size = await Deno.stdin.read(buffer);
      const typed = line.feed(size === null ? Uint8Array.of(0x04) : buffer.subarray(0, size));
      if (typed.state === "done") return typed.text;
      if (typed.state === "interrupted") {
        throw new UserError("Nothing was changed", { exitCode: EXIT_CODE.interrupted });
      }
    }
  } finally {
    Deno.stdin.setRaw(false);
    context.writeError("\n");
  }
}

function usage(message: string): UserError {
  return new UserError(message, { exitCode: EXIT_CODE.usage });
}
