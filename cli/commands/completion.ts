import { Argument, Command } from "@commander-js/extra-typings";
import { describeCommand } from "../../shared/terminal/command_tree.ts";
import { completionScript, SHELLS } from "../../shared/terminal/completion.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import type { CliContext } from "../context.ts";

/** `vigocli completion SHELL`. */
export function completionCommand(context: CliContext, program: Command) {
  const command = new Command("completion")
    .description("Print a completion script for a shell")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .action((shell) => {
      context.output.line(completionScript(shell, describeCommand(program)).trimEnd());
    });
  return withExamples(command, [
    ["source <(vigocli completion bash)", "in ~/.bashrc"],
    ["vigocli completion zsh > ~/.zfunc/_vigocli", "once"],
  ]);
}
