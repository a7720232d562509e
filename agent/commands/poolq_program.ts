import { Command } from "@commander-js/extra-typings";
import type { AgentContext } from "./context.ts";
import { poolqCommand } from "./poolq.ts";
import { rootProgram } from "./root_program.ts";

/**
 * The command line of `vigo swarm poolq` alone. People and their scripts start it for each message, and what the other
 * commands load takes twice as long as posting.
 */
export function createPoolqProgram(context: AgentContext) {
  const { program, roots } = rootProgram(context);
  return program.addCommand(new Command("swarm").addCommand(poolqCommand(context, roots)));
}
