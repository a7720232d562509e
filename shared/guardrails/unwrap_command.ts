import { inputLanguage, readCrontab, remoteCommand } from "./shell_input.ts";
import { readShellCommands, type ShellCommand } from "./shell_commands.ts";

/** Programs that run the command given in their arguments. */
const WRAPPERS: ReadonlySet<string> = new Set([
  "builtin",
  "busybox",
  "chpst",
  "chroot",
  "chrt",
  "command",
  "doas",
  "env",
  "exec",
  "fakeroot",
  "flock",
  "gosu",
  "ionice",
  "nice",
  "nohup",
  "nsenter",
  "parallel",
  "pkexec",
  "prlimit",
  "runuser",
  "script",
  "setpriv",
  "setsid",
  "stdbuf",
  "strace",
  "su-exec",
  "sudo",
  "systemd-run",
  "taskset",
  "time",
  "timeout",
  "toybox",
  "unshare",
  "watch",
  "xargs",
]);
const SHELLS: ReadonlySet<string> = new Set([
  "ash",
  "bash",
  "dash",
  "ksh",
  "mksh",
  "sh",
  "su",
  "runuser",
  "zsh",
]);
/** Programs that run a program given as an argument, whose texts may be commands for a shell. */
const INTERPRETERS = /^(perl|python[\d.]*|ruby|node|php|lua|[gm]?awk)$/;
/** What removes files in those languages, or runs something. */
const REMOVAL = /\b(unlink|rmtree|remove_tree|rmdir|rm_rf?|remove|removedirs)\b/;

/** Reads each text in a program as what a shell would be given, or as a path to be removed where something is removed. */
function runLiterals(code: string, runScript: (script: string) => void): void {
  const isRemoving = REMOVAL.test(code);
  for (const [, double, single] of code.matchAll(/"([^"]{1,2000})"|'([^']{1,2000})'/g)) {
    const text = double ?? single ?? "";
    runScript(text);
    if (isRemoving && text.startsWith("/")) runScript(`rm -r -- ${text}`);
  }
}

/** Deepest nesting of wrappers and shells. */
const MAX_DEPTH = 6;
/** Words behind a wrapper that may begin the command: options with values are many and differ. */
const MAX_STARTS = 12;

/**
 * A command and all that it may run in turn: behind `sudo -u root`, `env`, `timeout 5`, in `sh -c '…'`, `eval …` or
 * `find -exec`. Where an option of a wrapper ends and the command begins is not known for every wrapper, so each word that
 * may be the program is tried as one.
 */
export function unwrapCommand(command: ShellCommand): readonly ShellCommand[] {
  const found: ShellCommand[] = [];
  unwrap(command, 0, found);
  return found;
}

function unwrap(command: ShellCommand, depth: number, found: ShellCommand[]): void {
  found.push(command);
  if (depth >= MAX_DEPTH) return;
  const { words, folder } = command;
  const [path = "", ...args] = words;
  const program = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const { input } = command;
  const passedOn = input === undefined ? {} : { input };
  const runScript = (script: string) => {
    for (const inner of readShellCommands(script)) {
      unwrap({ ...passedOn, ...inner, folder: inner.folder || folder }, depth + 1, found);
    }
  };
  const language = input === undefined ? undefined : inputLanguage(words);
  if (input !== undefined && language !== undefined) {
    const script = language === "cron" ? readCrontab(input) : input;
    for (const inner of readShellCommands(script)) unwrap(inner, depth + 1, found);
  }
  if (program === "eval") runScript(args.join(" "));
  if (SHELLS.has(program)) {
    const option = args.findIndex((arg) => /^-\w*c$|^--command$/.test(arg));
    const script = option < 0
      ? undefined
      : args.slice(option + 1).find((arg) => !/^[-+]/.test(arg));
    if (script !== undefined) runScript(script);
  }
  if (program === "find") {
    const start = args.findIndex((arg) => /^-(exec|execdir|ok|okdir)$/.test(arg));
    if (start >= 0) {
      unwrap({ words: args.slice(start + 1), outputs: [], folder }, depth + 1, found);
    }
  }
  if (program === "trap") runScript(args[0] ?? "");
  if (program === "ssh") runScript(remoteCommand(args));
  // Without the option that announces it, the program of awk is its first argument.
  const code = args[args.findIndex((arg) => /^-\w*[ceE]$/.test(arg)) + 1] ?? "";
  if (INTERPRETERS.test(program)) runLiterals(`${code}\n${input ?? ""}`, runScript);
  if (!WRAPPERS.has(program)) return;
  const takesInput = command.takesInput || program === "xargs" || program === "parallel";
  for (let start = 0; start < Math.min(args.length, MAX_STARTS); start++) {
    const word = args[start] ?? "";
    // Many wrappers take a whole script as one word: env -S, flock -c, watch.
    if (/\s/.test(word)) runScript(word);
    if (word.startsWith("-") || /^\w+=/.test(word)) continue;
    const inner = { words: args.slice(start), outputs: [], folder, takesInput, ...passedOn };
    unwrap(inner, depth + 1, found);
    // Of nested wrappers the inner one goes on from here.
    if (WRAPPERS.has(word.slice(word.lastIndexOf("/") + 1))) return;
  }
}
