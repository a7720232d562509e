import { Argument, Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { describeCommand } from "../../shared/terminal/command_tree.ts";
import { completionScript, SHELLS } from "../../shared/terminal/completion.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import type { AgentContext } from "./context.ts";

/** `vigo completion SHELL`. */
export function completionCommand(context: AgentContext, program: CommandUnknownOpts) {
  const command = new Command("completion")
    .description("Print a completion script for a shell")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .action((shell) => {
      context.write(`${completionScript(shell, describeCommand(program)).trimEnd()}\n`);
    });
  return withExamples(command, [
    ["source <(vigo completion bash)", "in ~/.bashrc"],
    ["vigo completion zsh > ~/.zfunc/_vigo", "once"],
  ]);
}
