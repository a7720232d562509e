import { Command } from "@commander-js/extra-typings";
import { VERSION } from "../../shared/config/version.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import type { AgentContext } from "./context.ts";

/** `vigo version`. */
export function versionCommand(context: AgentContext) {
  const command = new Command("version")
    .description("Show the version of this program and what it runs on")
    .option("--json", "print JSON")
    .action(({ json }) => {
      const facts = {
        version: VERSION,
        deno: Deno.version.deno,
        os: Deno.build.os,
        arch: Deno.build.arch,
      };
      context.write(
        json
          ? jsonText(facts)
          : `vigo ${facts.version} (Deno ${facts.deno}, ${facts.os}-${facts.arch})\n`,
      );
    });
  return withExamples(command, [["vigo version --json", "for a program"]]);
}
