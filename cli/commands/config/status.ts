import { configStatus } from "../../../shared/rest/config_views.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import type { CliContext } from "../../context.ts";
import { renderConfigStatus } from "../../output/config_status.ts";
import { lineWidth } from "../../output/placed_line.ts";
import { serverCommand } from "../server_command.ts";

/** `vigocli config status` */
export function statusCommand(context: CliContext) {
  const { output } = context;
  const command = serverCommand("status")
    .description("Show what is live, staged and frozen, and how far the envoys have come")
    .action(async ({ json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(configStatus);
      if (json) return output.json(answer);
      const { style } = output;
      const options = { nowMs: context.now(), width: lineWidth(output), style };
      output.line(renderConfigStatus(answer, options));
    });
  return withExamples(command, [
    ["vigocli config status", "after a publish: who has it, who does not"],
    ["vigocli config status --json", "for a program that waits until nobody is pending"],
  ]);
}
