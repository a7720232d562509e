import { configTrace } from "../../../shared/rest/config_views.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import type { CliContext } from "../../context.ts";
import { renderProblems } from "../../output/changes.ts";
import { renderHostTrace } from "../../output/host_trace.ts";
import { lineWidth } from "../../output/placed_line.ts";
import { serverCommand } from "../server_command.ts";
import { mistakesError } from "./mistakes.ts";
import { STAGED_FLAG, stagedQuery } from "./staged_flag.ts";

/** `vigocli config trace` */
export function traceCommand(context: CliContext) {
  const { output } = context;
  const command = serverCommand("trace")
    .description("Show where each variable and resource of a host comes from, and what it overrode")
    .argument("<host>", "hostname of an envoy")
    .argument("[name]", "only this resource (type:name or its name), variable or crate")
    .option(...STAGED_FLAG)
    .action(async (host, name, { staged, json, ...flags }) => {
      using client = await context.connect(flags);
      const query = { host, ...stagedQuery(staged), ...name === undefined ? {} : { name } };
      const answer = await client.call(configTrace, { query });
      if (json) output.json(answer);
      else if (answer.mistakes.length > 0) output.line(renderProblems(answer.mistakes));
      else output.line(renderHostTrace(answer, { width: lineWidth(output), style: output.style }));
      if (answer.mistakes.length > 0) throw mistakesError(answer.mistakes);
    });
  return withExamples(command, [
    ["vigocli config trace web-1", "everything that web-1 gets, and from where"],
    ["vigocli config trace web-1 port", "which file decides the variable port"],
    ["vigocli config trace web-1 file:/etc/motd --staged", "as a publish would make it"],
  ]);
}
