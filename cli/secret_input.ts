import { EXIT_CODE } from "../shared/terminal/exit_code.ts";
import { UserError } from "../shared/terminal/user_error.ts";

/** Most bytes read from standard input; the server keeps fewer. */
const MAX_INPUT_BYTES = 128 * 1024;

/** What typing has come to so far. */
export type TypedLine =
  | { readonly state: "typing" }
  | { readonly state: "done"; readonly text: string }
  | { readonly state: "interrupted" };

/**
 * A line typed on a terminal in raw mode, where nobody else knows of the keys that end, erase and interrupt. Control
 * characters and the sequences of arrow keys are no part of a secret.
 */
export class HiddenLine {
  readonly #decoder = new TextDecoder();
  #characters: string[] = [];
  /** Within `ESC [ …`, which ends with a letter or `~` (ECMA-48). */
  #escape: "none" | "escape" | "sequence" = "none";

  /** Takes what was typed. What follows the end of the line is dropped. */
  feed(bytes: Uint8Array): TypedLine {
    for (const character of this.#decoder.decode(bytes, { stream: true })) {
      if (this.#skip(character)) continue;
      switch (character) {
        case "\r":
        case "\n":
          return { state: "done", text: this.#characters.join("") };
        case "\x03":
          return { state: "interrupted" };
        case "\x04":
          // Ctrl-D ends an empty line without a value, as it ends other input.
          return { state: "done", text: this.#characters.join("") };
        case "\x7f":
        case "\b":
          this.#characters.pop();
          break;
        case "\x15":
          this.#characters = [];
          break;
        default:
          if (!/\p{Cc}/u.test(character)) this.#characters.push(character);
      }
    }
    return { state: "typing" };
  }

  #skip(character: string): boolean {
    if (this.#escape === "none") {
      if (character !== "\x1b") return false;
      this.#escape = "escape";
      return true;
    }
    const goesOn = this.#escape === "escape" ? character === "[" : !/[A-Za-z~]/.test(character);
    this.#escape = goesOn ? "sequence" : "none";
    return true;
  }
}

/**
 * Asks for a line on the terminal without showing what is typed; undefined when it was interrupted.
 *
 * @throws {UserError} if standard input is no terminal.
 */
export async function askHidden(
  label: string,
  writeError: (text: string) => void,
): Promise<string | undefined> {
  if (!Deno.stdin.isTerminal()) {
    throw new UserError("Cannot ask for the value: standard input is no terminal. Use --stdin", {
      exitCode: EXIT_CODE.usage,
    });
  }
  writeError(label);
  Deno.stdin.setRaw(true);
  try {
    const line = new HiddenLine();
    const buffer = new Uint8Array(1024);
    for (;;) {
      const size = await Deno.stdin.read(buffer);
      const typed = line.feed(size === null ? Uint8Array.of(0x04) : buffer.subarray(0, size));
      if (typed.state === "done") return typed.text;
      if (typed.state === "interrupted") return undefined;
    }
  } finally {
    Deno.stdin.setRaw(false);
    writeError("\n");
  }
}

/**
 * All of standard input as text.
 *
 * @throws {UserError} if it is too large, or not UTF-8.
 */
export async function readAll(input: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  let sizeBytes = 0;
  try {
    for await (const chunk of input) {
      sizeBytes += chunk.length;
      if (sizeBytes > MAX_INPUT_BYTES) {
        throw new UserError("Cannot read standard input: a secret has at most 64 KiB", {
          exitCode: EXIT_CODE.usage,
        });
      }
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    // Without its cause, which could quote what was read.
    throw new UserError("Cannot read standard input: it is not UTF-8. Encode it as base64 first", {
      exitCode: EXIT_CODE.usage,
    });
  }
}

/** The value in what a pipe brought: a single line without the line end that `echo` adds, several lines as they are. */
export function valueFromInput(text: string): string {
  const line = /^([^\r\n]*)\r?\n$/.exec(text);
  return line?.[1] ?? text;
}
