import { Command } from "@commander-js/extra-typings";
import { VERSION } from "../shared/config/version.ts";
import { withExamples } from "../shared/terminal/run_cli.ts";
import { auditCommand } from "./commands/audit.ts";
import { completionCommand } from "./commands/completion.ts";
import { configCommand } from "./commands/config.ts";
import { dbCommand } from "./commands/db.ts";
import { enrollCommand } from "./commands/enroll.ts";
import { envoysCommand } from "./commands/envoys.ts";
import { loginCommand, logoutCommand } from "./commands/login.ts";
import { queryCommand } from "./commands/query.ts";
import { runsCommand } from "./commands/runs.ts";
import { secretsCommand } from "./commands/secrets.ts";
import { withConnectionFlags } from "./commands/server_command.ts";
import { swarmCommand } from "./commands/swarm.ts";
import { taskCommand } from "./commands/task.ts";
import { tokenCommand } from "./commands/token.ts";
import { usersCommand } from "./commands/users.ts";
import { versionCommand } from "./commands/version.ts";
import { workflowCommand } from "./commands/workflow.ts";
import type { CliContext } from "./context.ts";

/** The whole command line of `vigocli`. */
export function createProgram(context: CliContext): Command {
  const program = new Command("vigocli")
    .description("Runs a fleet: who belongs to it, what state it is in, and what it should be")
    .version(VERSION, "--version", "print the version");
  withConnectionFlags(program);
  program.addCommand(enrollCommand(context));
  program.addCommand(envoysCommand(context));
  program.addCommand(queryCommand(context));
  program.addCommand(runsCommand(context));
  program.addCommand(configCommand(context));
  program.addCommand(taskCommand(context));
  program.addCommand(workflowCommand(context));
  program.addCommand(secretsCommand(context));
  program.addCommand(swarmCommand(context));
  program.addCommand(usersCommand(context));
  program.addCommand(tokenCommand(context));
  program.addCommand(loginCommand(context));
  program.addCommand(logoutCommand(context));
  program.addCommand(auditCommand(context));
  program.addCommand(dbCommand(context));
  program.addCommand(completionCommand(context, program));
  program.addCommand(versionCommand(context));
  return withExamples(program, [
    ["vigocli enroll token create", "admit a machine"],
    ["vigocli config publish -m 'new motd'", "make the staged stacks live"],
    ["vigocli envoys", "see the fleet"],
    ["vigocli task run uptime --target 'web-*'", "run a command on many machines"],
    ["vigocli swarm filecast distribute app.tar.gz --target 'web-*' --wait", "cast a file"],
  ]);
}
