import { Command } from "@commander-js/extra-typings";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import type { CliContext } from "../context.ts";
import { cancelCommand } from "./workflow/cancel.ts";
import { listCommand } from "./workflow/list.ts";
import { runCommand } from "./workflow/run.ts";
import { statusCommand } from "./workflow/status.ts";

/** `vigocli workflow`: tasks that follow each other. */
export function workflowCommand(context: CliContext): Command {
  const workflow = new Command("workflow").description("Run tasks that follow each other");
  const verbs = [runCommand, statusCommand, listCommand, cancelCommand];
  for (const verb of verbs) workflow.addCommand(verb(context));
  return withExamples(workflow, [
    ["vigocli workflow run upgrade.yaml --dry-run", "see the steps and their targets"],
    ["vigocli workflow run upgrade.yaml", "run them, and watch"],
  ]);
}
