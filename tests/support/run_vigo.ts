import { createProgram } from "../../agent/commands/program.ts";
import { runCli } from "../../shared/terminal/run_cli.ts";
import type { CommandResult } from "./run_command.ts";

/** Where a verb of `vigo` runs, and what it sees. */
export interface VigoOptions {
  readonly root: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The present, in ms since 1970; the machine's if absent. */
  readonly nowMs?: number;
}

/** Runs a verb of `vigo` in this process, as on a pipe: its command line, what it does below `root`, its output and status. */
export async function runVigo(
  args: readonly string[],
  { root, env = {}, nowMs }: VigoOptions,
): Promise<CommandResult> {
  let stdout = "";
  let stderr = "";
  const context = {
    write: (text: string) => void (stdout += text),
    writeError: (text: string) => void (stderr += text),
    isTerminal: false,
    env,
    signal: new AbortController().signal,
    now: () => nowMs ?? Date.now(),
    readStdin: () => Promise.resolve(undefined),
  };
  const code = await runCli(createProgram(context), {
    ...context,
    args: [...args, "--root", root],
  });
  return { code, stdout, stderr };
}
