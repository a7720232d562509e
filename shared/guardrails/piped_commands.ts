import { Buffer } from "node:buffer";
import { baseName } from "./command_verdict.ts";
import { readShellCommands, type ShellCommand } from "./shell_commands.ts";

/** Commands that repeat their arguments may feed a shell, plainly or by way of `base64 -d`. */
export function readPiped(commands: readonly ShellCommand[]): readonly ShellCommand[] {
  if (!commands.some(({ words }) => isShellOfInput(words))) return [];
  const isDecoded = commands.some(({ words: [program = "", ...args] }) =>
    baseName(program) === "base64" && args.some((arg) => /^(-d|-D|--decode)$/.test(arg))
  );
  return commands.flatMap(({ words: [program = "", ...args] }) =>
    /^(echo|printf|cat)$/.test(baseName(program))
      ? [args.join(" "), ...(isDecoded ? args.map(decodeBase64) : [])].flatMap(readShellCommands)
      : []
  );
}

function decodeBase64(text: string): string {
  return new TextDecoder().decode(Buffer.from(text, "base64"));
}

/** Most words that are taken to come to a command from its input. */
const MAX_ECHOED_WORDS = 100;

/** What `echo vigo | xargs …` adds to the arguments. */
export function echoedWords(commands: readonly ShellCommand[]): readonly string[] {
  return commands.flatMap(({ words: [program = "", ...args] }) =>
    /^(echo|printf)$/.test(baseName(program)) ? args.filter((arg) => !/^[-%]/.test(arg)) : []
  ).slice(0, MAX_ECHOED_WORDS);
}

/** A shell without a script reads what it runs from its input. */
function isShellOfInput([path = "", ...args]: readonly string[]): boolean {
  return /^(ba|da|z|k|a)?sh$/.test(baseName(path)) && args.every((arg) => /^-[^c]*$/.test(arg));
}
