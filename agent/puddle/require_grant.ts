import { z } from "zod";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { type SwarmFlag, usercratePolicySchema } from "../../shared/config/resources/user.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { agentPaths } from "../store/agent_paths.ts";
import { isAbsent } from "../store/is_absent.ts";

/** The part of the swarm's state file that says what this envoy may do. */
const gatesSchema = z.object({
  gates: z.object({
    enabled: z.boolean(),
    subsystems: z.partialRecord(z.string(), z.boolean()),
  }),
});

/** What may be used: by the envoy (a gate) and by its user (a flag). */
export type GrantedSubsystem = SwarmFlag;

/**
 * Makes sure that both the envoy and the user may use a subsystem of the swarm. Nothing that is not granted is allowed.
 *
 * @throws {UserError} that names what does not grant it, and what to do.
 */
export async function requireGrant(
  roots: RootPaths,
  user: string,
  subsystem: GrantedSubsystem,
): Promise<void> {
  const { swarmFolder, stateFolder } = agentPaths(roots);
  const state = gatesSchema.safeParse(await readJson(`${swarmFolder}/state.json`));
  const gates = state.data?.gates;
  if (!gates?.enabled || gates.subsystems[subsystem] !== true) {
    throw notGranted(
      gates === undefined
        ? `the agent of this machine has not said yet that it takes part in the swarm. Start it, and look at "vigo swarm status"`
        : `swarm.${
          gates.enabled ? `${subsystem}.` : ""
        }enabled in server.yaml does not admit this machine. Ask who runs the fleet`,
      subsystem,
    );
  }
  const path = `${stateFolder}/usercrate-policy/${user}.json`;
  const policy = usercratePolicySchema.safeParse(await readJson(path));
  if (policy.data?.user === user && policy.data[subsystem]) return;
  throw notGranted(
    `${path} does not grant it to ${user}. Have "${subsystem}: true" set on the resource "user: ${user}", then run "vigo run"`,
    subsystem,
  );
}

function notGranted(why: string, subsystem: string): UserError {
  return new UserError(`Cannot use ${subsystem} here: ${why}`, {
    exitCode: EXIT_CODE.notPermitted,
  });
}

/** What is not there, or is not JSON, grants nothing. */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (isAbsent(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
