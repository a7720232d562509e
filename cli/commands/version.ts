import { Command } from "@commander-js/extra-typings";
import { VERSION } from "../../shared/config/version.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import type { CliContext } from "../context.ts";

/** `vigocli version`. */
export function versionCommand(context: CliContext) {
  const command = new Command("version")
    .description("Print the version")
    .option("--json", "print it as JSON", false)
    .action(({ json }) => {
      if (json) context.output.json({ version: VERSION });
      else context.output.line(`vigocli ${VERSION}`);
    });
  return withExamples(command, [["vigocli version --json", "for a program"]]);
}
