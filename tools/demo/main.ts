/**
 * Shows the whole product on this machine: a server, its host's own agent and four more as real processes, one after another
 * capability. Needs no root. Run by `deno task demo`; `--keep` leaves the fleet running.
 */
import { Command } from "@commander-js/extra-typings";
import { runCli, withExamples } from "../../shared/terminal/run_cli.ts";
import { runDemo } from "./run_demo.ts";

const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => interrupt.abort());
}

const program = new Command("demo")
  .description("Show a whole fleet on this machine, in about a minute")
  .option("--keep", "leave the fleet running until Ctrl-C", false)
  .action(({ keep }) => runDemo({ keep, signal: interrupt.signal }));
withExamples(program, [
  ["deno task demo", "watch it"],
  ["deno task demo --keep", "and look around afterwards"],
]);

Deno.exit(
  await runCli(program, {
    args: Deno.args,
    write: (text) => Deno.stdout.writeSync(new TextEncoder().encode(text)),
    writeError: (text) => Deno.stderr.writeSync(new TextEncoder().encode(text)),
    isTerminal: Deno.stdout.isTerminal(),
    env: Deno.env.toObject(),
    signal: interrupt.signal,
  }),
);
