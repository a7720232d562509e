import { Command } from "@commander-js/extra-typings";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import type { CliContext } from "../context.ts";
import { cancelCommand } from "./task/cancel.ts";
import { listCommand } from "./task/list.ts";
import { runCommand } from "./task/run.ts";
import { statusCommand } from "./task/status.ts";

/** `vigocli task`: commands on many envoys at once. */
export function taskCommand(context: CliContext): Command {
  const task = new Command("task").description("Commands and named tasks on many envoys at once");
  for (const verb of [runCommand, statusCommand, listCommand, cancelCommand]) {
    task.addCommand(verb(context));
  }
  return withExamples(task, [
    ["vigocli task run uptime --target 'web-*'", "run a command, and see what came of it"],
    ["vigocli task list --named", "commands with names that the stacks hold"],
  ]);
}
