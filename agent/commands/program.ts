import { withExamples } from "../../shared/terminal/run_cli.ts";
import { bootstrapCommand } from "./bootstrap.ts";
import { completionCommand } from "./completion.ts";
import type { AgentContext } from "./context.ts";
import { daemonCommand } from "./daemon.ts";
import { pauseCommand, resumeCommand } from "./pause.ts";
import { rootProgram } from "./root_program.ts";
import { runCommand } from "./run.ts";
import { statusCommand } from "./status.ts";
import { swarmCommand } from "./swarm.ts";
import { traitsCommand } from "./traits.ts";
import { undoCommand } from "./undo.ts";
import { versionCommand } from "./version.ts";

/** The whole command line of `vigo`. */
export function createProgram(context: AgentContext) {
  const { program, roots } = rootProgram(context);
  program.addCommand(bootstrapCommand(context, roots));
  program.addCommand(daemonCommand(context, roots));
  program.addCommand(runCommand(context, roots));
  program.addCommand(statusCommand(context, roots));
  program.addCommand(pauseCommand(context, roots));
  program.addCommand(resumeCommand(context, roots));
  program.addCommand(undoCommand(context, roots));
  program.addCommand(traitsCommand(context, roots));
  program.addCommand(swarmCommand(context, roots));
  program.addCommand(completionCommand(context, program));
  program.addCommand(versionCommand(context));
  return withExamples(program, [
    ["vigo status", "see how this machine is"],
    ["vigo run --dry-run", "see what would change"],
    ["vigo swarm seeds list", "see what the swarm brought"],
  ]);
}
