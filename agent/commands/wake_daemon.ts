import { callDaemon, DaemonUnreachableError } from "../local/local_client.ts";
import type { AgentPaths } from "../store/agent_paths.ts";

/**
 * Asks a running daemon to check in now, so that the fleet hears what has just changed here.
 *
 * @returns false if none runs; the next one to start tells it.
 */
export async function wakeDaemon(
  { controlSocket }: Pick<AgentPaths, "controlSocket">,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await callDaemon(controlSocket, { method: "POST", path: "/check-in", signal }, () => {});
    return true;
  } catch (error) {
    if (error instanceof DaemonUnreachableError && !error.isForbidden) return false;
    throw error;
  }
}
