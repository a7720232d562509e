import { createStreamWriter } from "../shared/platform/stream_writer.ts";
import { runCli } from "../shared/terminal/run_cli.ts";
import { createProgram } from "./program.ts";

if (import.meta.main) {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => {
      // Whoever asks twice does not want to wait.
      if (stop.signal.aborted) Deno.exit(1);
      stop.abort();
    });
  }
  const write = createStreamWriter(Deno.stdout);
  const env = (name: string) => Deno.env.get(name);
  Deno.exit(
    await runCli(createProgram({ write, env, signal: stop.signal }), {
      args: Deno.args,
      write,
      writeError: createStreamWriter(Deno.stderr),
      isTerminal: Deno.stdout.isTerminal(),
      env: { NO_COLOR: env("NO_COLOR"), TERM: env("TERM") },
      ...(Deno.stdout.isTerminal() ? { columns: Deno.consoleSize().columns } : {}),
    }),
  );
}
