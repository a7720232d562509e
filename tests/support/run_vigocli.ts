import { createLocalContext } from "../../cli/local_context.ts";
import { createOutput } from "../../cli/output/output.ts";
import { createProgram } from "../../cli/program.ts";
import { runCli } from "../../shared/terminal/run_cli.ts";
import type { CommandResult } from "./run_command.ts";

/**
 * Runs a verb of `vigocli` in this process, as on a pipe: the same command line, requests and answers as those of the program,
 * without the start of a process, which costs a busy machine more than the question. It is for looking at a fleet again and
 * again; how the program itself behaves is asked of a process.
 */
export async function runVigocli(args: readonly string[]): Promise<CommandResult> {
  let stdout = "";
  let stderr = "";
  const streams = {
    write: (text: string) => void (stdout += text),
    writeError: (text: string) => void (stderr += text),
    isTerminal: false,
    isErrorTerminal: false,
  };
  const { signal } = new AbortController();
  const local = createLocalContext(signal);
  const context = { ...local, output: createOutput(streams), isInteractive: false };
  const code = await runCli(createProgram(context), { ...streams, args, env: {}, signal });
  return { code, stdout, stderr };
}
