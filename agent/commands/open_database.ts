import { NotEnrolledError, readEnrolment } from "../store/identity.ts";
import type { AgentDatabase } from "../store/agent_database.ts";
import type { AgentPaths } from "../store/agent_paths.ts";
import { openAgentDatabase } from "../store/open_agent_database.ts";
import type { AgentContext } from "./context.ts";

/**
 * What the agent remembers, for a verb that works beside the daemon.
 *
 * @throws {NotEnrolledError} if there is no agent here.
 */
export async function openDatabase(
  { configFolder, stateFolder, database }: AgentPaths,
  context: AgentContext,
): Promise<AgentDatabase> {
  if (!await readEnrolment(configFolder)) throw new NotEnrolledError(configFolder);
  // Before its first start the daemon has made none.
  await Deno.mkdir(stateFolder, { recursive: true, mode: 0o755 });
  const log = { error: (message: string) => context.writeError(`error: ${message}\n`) };
  return await openAgentDatabase(database, log, context.now());
}
