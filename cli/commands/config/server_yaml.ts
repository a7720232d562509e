import { configReference } from "../../../shared/rest/config_views.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import { sanitizeLines } from "../../../shared/terminal/sanitize.ts";
import type { CliContext } from "../../context.ts";
import { serverCommand } from "../server_command.ts";

/** `vigocli config server.yaml` */
export function serverYamlCommand(context: CliContext) {
  const command = serverCommand("server.yaml")
    .description("Print a server.yaml with every key, its default and what it means")
    .action(async ({ json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(configReference);
      if (json) return context.output.json(answer);
      context.output.line(sanitizeLines(answer.text).trimEnd());
    });
  return withExamples(command, [
    ["vigocli config server.yaml", "what can be configured"],
    ["vigocli config server.yaml > server.yaml", "begin with a file that changes nothing"],
  ]);
}
