import { Command } from "@commander-js/extra-typings";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import type { AgentContext } from "./context.ts";
import {
  initCommand,
  leaveCommand,
  nameCommand,
  rekeyCommand,
  rotatePassphraseCommand,
} from "./puddle_identity.ts";
import { joinCommand, pairCommand } from "./puddle_pairing.ts";
import { lockCommand, sessionCommand, unlockCommand } from "./puddle_session.ts";
import { puddleStatusCommand } from "./puddle_status.ts";

/** `vigo swarm puddle …`: one person's identity over all the machines they use. */
export function puddleCommand(context: AgentContext, roots: () => RootPaths) {
  const command = new Command("puddle")
    .description("Your identity over all the machines that you use");
  command.addCommand(initCommand(context, roots));
  command.addCommand(puddleStatusCommand(context, roots));
  command.addCommand(pairCommand(context, roots));
  command.addCommand(joinCommand(context, roots));
  command.addCommand(unlockCommand(context, roots));
  command.addCommand(lockCommand(context, roots));
  command.addCommand(leaveCommand(context, roots));
  command.addCommand(rotatePassphraseCommand(context, roots));
  command.addCommand(rekeyCommand(context, roots));
  command.addCommand(nameCommand(context, roots));
  command.addCommand(sessionCommand(context), { hidden: true });
  return withExamples(command, [
    ["vigo swarm puddle init", "make an identity; asks for a passphrase twice"],
    ["vigo swarm puddle pair", "on a machine that has it: show a code"],
    ["vigo swarm puddle join --from web-1", "on another machine: take it over with the code"],
    ["vigo swarm puddle unlock", "sign without typing the passphrase each time"],
  ]);
}
