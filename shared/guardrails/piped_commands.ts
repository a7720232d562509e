import { Buffer } from "node:buffer";
import { baseName } from "./command_verdict.ts";
import { inputLanguage, readCrontab } from "./shell_input.ts";
import { readShellCommands, type ShellCommand } from "./shell_commands.ts";

/** Files whose lines cron runs. */
const CRON_FILE = /^\/(etc\/cron|var\/spool\/cron)/;
/** Most texts of a script that are looked into. */
const MAX_SCRIPTS = 500;
/** Programs that run the file they are given. */
const RUNNERS = /^((ba|da|z|k|mk|a)?sh|\.|source|at|batch|crontab|su|python[\d.]*|perl)$/;

/**
 * The commands in texts of a script that something else in it runs: `echo … | sh`, `cat <<EOF | ssh host`, by way of
 * `base64 -d`, or written to a file that is then run.
 *
 * @param commands all of the script, with those behind wrappers.
 */
export function readPiped(commands: readonly ShellCommand[]): readonly ShellCommand[] {
  const languages = new Set(commands.map(({ words }) => inputLanguage(words)));
  const isDecoded = commands.some(({ words: [program = "", ...args] }) =>
    baseName(program) === "base64" && args.some((arg) => /^(-d|-D|--decode)$/.test(arg))
  );
  const isRun = filesThatRun(commands);
  const runs = (files: readonly string[]) => files.some((path) => isRun.has(path));
  const schedules = (files: readonly string[]) => files.some((path) => CRON_FILE.test(path));
  // Whatever is printed may come to it.
  const copies = commands.flatMap(({ words }) => filesOfTee(words));
  const isAnyScript = languages.has("shell") || runs(copies);
  const isAnyCrontab = languages.has("cron") || schedules(copies);
  const scripts = new Set<string>();
  for (const command of commands) {
    const texts = printedTexts(command);
    const isScript = isAnyScript || runs(command.outputs);
    const isCrontab = isAnyCrontab || schedules(command.outputs);
    for (const text of texts) {
      if (scripts.size >= MAX_SCRIPTS) break;
      if (isScript) scripts.add(text);
      if (isScript && isDecoded) text.split(/\s+/).forEach((word) => scripts.add(decode(word)));
      if (isCrontab) scripts.add(readCrontab(text));
    }
  }
  return [...scripts].flatMap(readShellCommands);
}

/** What a command puts out, as far as the script says: its arguments, or the text that is its input. */
function printedTexts({ words, input }: ShellCommand): readonly string[] {
  const [path = "", ...args] = words;
  const program = baseName(path);
  // Read as commands where it is run.
  const given = input === undefined || inputLanguage(words) !== undefined ? [] : [input];
  if (!/^(echo|printf)$/.test(program)) return given;
  return [...given, args.join(" ").replaceAll("\\n", "\n"), ...args];
}

function filesOfTee([path = "", ...args]: readonly string[]): readonly string[] {
  return baseName(path) === "tee" ? args.filter((arg) => !arg.startsWith("-")) : [];
}

/** Paths that the script runs, or gives to something that does. */
function filesThatRun(commands: readonly ShellCommand[]): ReadonlySet<string> {
  return new Set(
    commands.flatMap(({ words: [path = "", ...args] }) => [
      path,
      ...RUNNERS.test(baseName(path)) ? args.filter((arg) => !arg.startsWith("-")) : [],
    ]),
  );
}

function decode(text: string): string {
  return new TextDecoder().decode(Buffer.from(text, "base64"));
}

/** Most words that are taken to come to a command from its input. */
const MAX_ECHOED_WORDS = 100;

/** What `echo vigo | xargs …` adds to the arguments, or a text that is the input. */
export function echoedWords(commands: readonly ShellCommand[]): readonly string[] {
  const words = commands.flatMap(({ words: [program = "", ...args], input = "" }) => [
    ...input.split(/\s+/, MAX_ECHOED_WORDS).filter((word) => word !== ""),
    .../^(echo|printf)$/.test(baseName(program)) ? args.filter((arg) => !/^[-%]/.test(arg)) : [],
  ]);
  return [...new Set(words)].slice(0, MAX_ECHOED_WORDS);
}
