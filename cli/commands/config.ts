import { Command } from "@commander-js/extra-typings";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import type { CliContext } from "../context.ts";
import { diffCommand } from "./config/diff.ts";
import { examplesCommand } from "./config/examples.ts";
import { freezeCommand, unfreezeCommand } from "./config/freeze.ts";
import { historyCommand } from "./config/history.ts";
import { publishCommand } from "./config/publish.ts";
import { rollbackCommand } from "./config/rollback.ts";
import { schemaCommand } from "./config/schema.ts";
import { searchCommand } from "./config/search.ts";
import { serverYamlCommand } from "./config/server_yaml.ts";
import { statusCommand } from "./config/status.ts";
import { traceCommand } from "./config/trace.ts";
import { treeCommand } from "./config/tree.ts";
import { validateCommand } from "./config/validate.ts";

/** `vigocli config`: what hosts should be, from the stacks on the server host to what is in force. */
export function configCommand(context: CliContext): Command {
  const config = new Command("config").description(
    "Check, publish, compare and explain the stacks",
  );
  config.addCommand(validateCommand(context));
  config.addCommand(diffCommand(context));
  config.addCommand(publishCommand(context));
  config.addCommand(statusCommand(context));
  config.addCommand(historyCommand(context));
  config.addCommand(rollbackCommand(context));
  config.addCommand(freezeCommand(context));
  config.addCommand(unfreezeCommand(context));
  config.addCommand(traceCommand(context));
  config.addCommand(treeCommand(context));
  config.addCommand(searchCommand(context));
  config.addCommand(examplesCommand(context));
  config.addCommand(schemaCommand(context));
  config.addCommand(serverYamlCommand(context));
  return withExamples(config, [
    ["vigocli config validate", "every mistake at once"],
    ["vigocli config publish -m 'raise worker count'", "make the staged stacks live"],
    ["vigocli config trace web-1 vars.port", "where a value comes from, and what it overrode"],
  ]);
}
