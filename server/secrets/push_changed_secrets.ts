import type { AgentStreams } from "../fleet/agent_streams.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";

/**
 * Makes connected envoys whose policy names one of the secrets check in at once. The others hear of the new epoch at their
 * next check-in, as do those that this server has not heard since it started.
 */
export function pushChangedSecrets(
  index: Pick<FleetIndex, "states">,
  streams: Pick<AgentStreams, "send">,
  changed: ReadonlySet<string>,
): void {
  for (const { record, policy } of index.states()) {
    if (record.state !== "active" || !policy?.secrets || changed.isDisjointFrom(policy.secrets)) {
      continue;
    }
    streams.send(record.uuid, { push: { reason: "a secret has changed", force: false } });
  }
}
