import { EXIT_CODE } from "../shared/terminal/exit_code.ts";
import { HiddenLine } from "../shared/terminal/hidden_line.ts";
import { UserError } from "../shared/terminal/user_error.ts";

/** Most bytes read from standard input; the server keeps fewer. */
const MAX_INPUT_BYTES = 128 * 1024;

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
