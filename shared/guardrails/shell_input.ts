import { baseName } from "./command_verdict.ts";

/** What a program makes of the text that comes to it: a script, or lines of a crontab. */
export type InputLanguage = "shell" | "cron";

const SHELL = /^(ba|da|z|k|mk|a)?sh$/;
/** Options of ssh that are followed by a value. */
const SSH_VALUES = /^-[bcDEeFIiJLlmOopQRSWw]$/;

/** How a program reads what comes from its input, if it runs that: `sh`, `su -`, `at now`, `ssh host`, `crontab -`. */
export function inputLanguage([path = "", ...args]: readonly string[]): InputLanguage | undefined {
  const program = baseName(path);
  const isShell = SHELL.test(program)
    ? args.every((arg) => /^-[^c]*$/.test(arg)) || args.some((arg) => /^-\w*s$/.test(arg)) ||
      isBlankScript(args)
    : program === "su" || program === "runuser"
    ? !args.some((arg) => /^-\w*c$|^--command/.test(arg))
    : program === "sudo" || program === "doas"
    ? args.some((arg) => /^-\w*[si]$|^--(shell|login)$/.test(arg))
    : program === "eval"
    ? args.join("").trim() === ""
    : program === "." || program === "source"
    ? /^(-|\/dev\/(stdin|fd\/\d+))?$/.test(args[0] ?? "")
    : program === "at" || program === "batch"
    ? !args.some((arg) => /^-\w*[lrdcf]/.test(arg))
    : program === "ssh" && remoteCommand(args) === "";
  if (isShell) return "shell";
  const isTable = program === "crontab" && !args.some((arg) => /^-[lre]$/.test(arg));
  return isTable && (args.length === 0 || args.includes("-")) ? "cron" : undefined;
}

/** `sh -c "$(…)"`, of which only the machine knows what it prints. */
function isBlankScript(args: readonly string[]): boolean {
  const option = args.findIndex((arg) => /^-\w*c$/.test(arg));
  return option >= 0 && (args[option + 1] ?? "").trim() === "";
}

/** What `ssh` gives a shell on the other machine, which may be managed as well. */
export function remoteCommand(args: readonly string[]): string {
  let at = 0;
  while (at < args.length && (args[at] ?? "").startsWith("-")) {
    at += SSH_VALUES.test(args[at] ?? "") ? 2 : 1;
  }
  return args.slice(at + 1).join(" ");
}

/** The commands in lines of a crontab, with or without a field for the user. */
export function readCrontab(text: string): string {
  return text.split("\n").flatMap((line) => {
    const command = /^\s*(?:@\w+|(?:[\d*@][^\s]*\s+){4}[^\s]+)\s+(.*)$/.exec(line)?.[1];
    return command === undefined ? [] : [command, command.replace(/^[a-z_][\w-]*\s+/, "")];
  }).join("\n");
}
