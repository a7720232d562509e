import { EXIT_CODE } from "../shared/terminal/exit_code.ts";
import { runCli } from "../shared/terminal/run_cli.ts";
import { createLocalContext } from "./local_context.ts";
import { createProgram } from "./program.ts";

if (import.meta.main) {
  const interrupt = new AbortController();
  Deno.addSignalListener("SIGINT", () => {
    // A second Ctrl-C ends at once what does not end by itself.
    if (interrupt.signal.aborted) Deno.exit(EXIT_CODE.interrupted);
    interrupt.abort();
  });
  const context = createLocalContext(interrupt.signal);
  Deno.exit(
    await runCli(createProgram(context), {
      args: Deno.args,
      write: context.write,
      writeError: context.writeError,
      isTerminal: context.output.isTerminal,
      env: Deno.env.toObject(),
      signal: interrupt.signal,
      ...(context.output.columns === undefined ? {} : { columns: context.output.columns }),
    }),
  );
}
