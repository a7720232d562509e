import {
  CommanderError,
  type CommandUnknownOpts,
  Help,
  type Option,
} from "@commander-js/extra-typings";
import { CommandExit } from "./command_exit.ts";
import { EXIT_CODE, type ExitCode } from "./exit_code.ts";
import { sanitize } from "./sanitize.ts";
import { createStyle, wantsColor } from "./style.ts";
import { exitCodeOf, formatError } from "./user_error.ts";

export { type HelpExample, withExamples } from "./help_examples.ts";

/** What a command line needs of the process it runs in. */
export interface CliContext {
  /** The arguments after the program's name. */
  readonly args: readonly string[];
  /** Writes to standard output as it is; line feeds are the caller's. */
  write(text: string): void;
  /** Writes to standard error as it is. */
  writeError(text: string): void;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Cells across the terminal, for wrapping help. Default 80. */
  readonly columns?: number;
  /** Aborted when the person interrupts. */
  readonly signal?: AbortSignal;
}

const DEFAULT_COLUMNS = 80;

/**
 * Runs a command line of any of the three programs, so that all behave alike: `--verbose` and `--no-color` exist, help goes
 * to standard output, and every failure is one line on standard error.
 *
 * | what happened | status |
 * |---|---|
 * | the command returned, or help or the version was asked for | 0 |
 * | it threw {@linkcode CommandExit} | the one it carries, without a line |
 * | unknown command or option, bad or missing argument, a group without its verb | 2 |
 * | it threw anything while `signal` was aborted | 130; a line only for a `UserError` with that status |
 * | it threw a `UserError` | the one it carries |
 * | it threw anything else | 1, and the line says that it is a bug |
 *
 * @param program A commander program with all its commands; it is configured here, down to the last of them.
 * @returns The status to end the process with. Nothing here ends it, and nothing is thrown.
 */
export async function runCli(program: CommandUnknownOpts, context: CliContext): Promise<ExitCode> {
  addGlobalOptions(program);
  let failedCommand = program.name();
  configure(program, program.name(), context, (commandPath) => failedCommand = commandPath);
  try {
    await program.parseAsync([...context.args], { from: "user" });
    return EXIT_CODE.ok;
  } catch (error) {
    if (error instanceof CommandExit) return error.exitCode;
    if (error instanceof CommanderError) return reportUsage(error, failedCommand, context);
    const verbose = hasFlag(context.args, "--verbose");
    const isInterrupted = context.signal?.aborted ?? false;
    // Whatever else fails after an interrupt, such as a request cut short, fails because of it.
    if (!isInterrupted || verbose || exitCodeOf(error) === EXIT_CODE.interrupted) {
      context.writeError(`error: ${formatError(error, { verbose })}\n`);
    }
    return isInterrupted ? EXIT_CODE.interrupted : exitCodeOf(error);
  }
}

/** Whether a global flag stands among the arguments; what follows `--` is never a flag. */
export function hasFlag(args: readonly string[], flag: `--${string}`): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? args.length : end).includes(flag);
}

function addGlobalOptions(program: CommandUnknownOpts): void {
  const isTaken = (flag: string) => program.options.some(({ long }) => long === flag);
  if (!isTaken("--verbose")) program.option("--verbose", "explain errors with their causes");
  if (!isTaken("--no-color")) program.option("--no-color", "write plain text, without colors");
}

function configure(
  command: CommandUnknownOpts,
  path: string,
  context: CliContext,
  onFailure: (commandPath: string) => void,
): void {
  const colors = { ...context, noColor: hasFlag(context.args, "--no-color") };
  const getWidth = () => context.columns ?? DEFAULT_COLUMNS;
  command
    .exitOverride((error) => {
      onFailure(path);
      throw error;
    })
    .configureOutput({
      writeOut: (text) => context.write(text),
      writeErr: (text) => context.writeError(text),
      // Errors are reported once, when they arrive in `runCli`.
      outputError: () => {},
      getOutHelpWidth: getWidth,
      getErrHelpWidth: getWidth,
      getOutHasColors: () => wantsColor(colors),
      getErrHasColors: () => false,
    })
    .configureHelp({
      ...command.configureHelp(),
      styleTitle: createStyle(colors).bold,
      optionDescription: describeOption,
    });
  for (const child of command.commands) {
    configure(child, `${path} ${child.name()}`, context, onFailure);
  }
}

const HELP = new Help();

/** What an option says of itself; that it is off, or empty, unless given goes without saying. */
function describeOption(option: Option): string {
  const { defaultValue } = option;
  const isPlain = defaultValue === false ||
    (Array.isArray(defaultValue) && defaultValue.length === 0);
  const shown = isPlain ? Object.create(option, { defaultValue: { value: undefined } }) : option;
  return HELP.optionDescription(shown);
}

/** Commander's own errors: with status 0 help or the version was printed, otherwise the command line makes no sense. */
function reportUsage(error: CommanderError, command: string, context: CliContext): ExitCode {
  if (error.exitCode === 0) return EXIT_CODE.ok;
  // A group without its verb has been answered with the group's help.
  if (error.code === "commander.help") return EXIT_CODE.usage;
  const message = error.message
    .replace(/^error: /, "")
    .replace(/\n\(Did you mean (.*)\?\)$/s, " (did you mean $1?)")
    .replace(/\.$/, "");
  context.writeError(`error: ${sanitize(message)}. See "${command} --help"\n`);
  return EXIT_CODE.usage;
}
