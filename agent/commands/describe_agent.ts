import type { Json } from "../../shared/canonical/canonical_json.ts";
import { callDaemon } from "../local/local_client.ts";
import { type AgentStatus, statusSchema } from "../cycle/status.ts";
import { agentSelf } from "../traits/agent_self.ts";
import type { TraitSystem } from "../traits/collector.ts";
import { parseProcStatus } from "../traits/processes.ts";
import { readIfAllowed } from "../traits/read_optional.ts";

/** A daemon that is busy answers at once all the same; one that hangs must not hold up a person. */
const ANSWER_MS = 2_000;

/** What a person who asks for the trait `agent_self` has to go by. */
export interface AgentQuestion {
  readonly version: string;
  readonly root: string;
  readonly agentSocket: string;
  readonly nowMs: number;
  readonly failed: readonly string[];
  readonly signal: AbortSignal;
}

/** The trait `agent_self` as the running daemon would tell it; without a daemon, what this program knows. */
export async function describeAgent(
  system: TraitSystem,
  { version, root, agentSocket, nowMs, failed, signal }: AgentQuestion,
): Promise<Record<string, Json>> {
  const common = { root, observedHostname: system.hostname(), nowMs, failed };
  const status = await askDaemon(agentSocket, signal);
  if (status === undefined) return agentSelf({ ...common, version, executable: Deno.execPath() });
  const { pid } = status;
  const process = parseProcStatus(await readIfAllowed(system, `/proc/${pid}/status`) ?? "");
  return agentSelf({
    ...common,
    version: status.version,
    executable: await readExecutable(system, pid) ?? Deno.execPath(),
    hostname: status.hostname,
    envoyUuid: status.envoyUuid,
    pid,
    startedAtMs: status.startedAtMs,
    rssBytes: process === undefined ? undefined : process.rssKib * 1024,
    clockOffsetMs: status.clockOffsetMs,
    queuedReports: status.queuedReports,
  });
}

async function askDaemon(socket: string, signal: AbortSignal): Promise<AgentStatus | undefined> {
  let text = "";
  try {
    const call = {
      method: "GET",
      path: "/status",
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    } as const;
    await callDaemon(socket, call, (line) => {
      text += line;
    });
    return statusSchema.parse(JSON.parse(text));
  } catch {
    signal.throwIfAborted();
    // No daemon, one that hangs, or one of another version: then this program tells what it knows.
    return undefined;
  }
}

/** Another user's program cannot be looked at, except by root. */
async function readExecutable(system: TraitSystem, pid: number): Promise<string | undefined> {
  try {
    return await system.readLink(`/proc/${pid}/exe`);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}
