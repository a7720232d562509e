import { createStreamWriter } from "../shared/platform/stream_writer.ts";
import { EXIT_CODE } from "../shared/terminal/exit_code.ts";
import { runCli } from "../shared/terminal/run_cli.ts";
import type { AgentContext } from "./commands/context.ts";

/** Runs the verb that this process was started with, and ends it with the status. */
export async function runProgram(): Promise<never> {
  const interrupt = new AbortController();
  Deno.addSignalListener("SIGINT", () => {
    // A second Ctrl-C ends at once what does not end by itself.
    if (interrupt.signal.aborted) Deno.exit(EXIT_CODE.interrupted);
    interrupt.abort();
  });
  const context = createContext(interrupt.signal);
  const { args } = Deno;
  // Of a program that somebody waits for the most part is its start.
  const program = args[0] === "swarm" && args[1] === "poolq"
    ? (await import("./commands/poolq_program.ts")).createPoolqProgram(context)
    : (await import("./commands/program.ts")).createProgram(context);
  Deno.exit(await runCli(program, { ...context, args }));
}

function createContext(signal: AbortSignal): AgentContext {
  const isTerminal = Deno.stdout.isTerminal();
  return {
    write: createStreamWriter(Deno.stdout),
    writeError: createStreamWriter(Deno.stderr),
    isTerminal,
    ...(isTerminal ? { columns: Deno.consoleSize().columns } : {}),
    env: Deno.env.toObject(),
    signal,
    now: () => Date.now(),
    readStdin: async () =>
      Deno.stdin.isTerminal() ? undefined : await new Response(Deno.stdin.readable).text(),
    openStdin: () => Deno.stdin.isTerminal() ? undefined : Deno.stdin.readable,
    confirm: (question) => Promise.resolve(Deno.stdin.isTerminal() && confirm(question)),
  };
}
