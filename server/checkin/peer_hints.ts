import type { PeerHint } from "../../shared/proto/agent.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";

/** Addresses named in one answer: enough to find the rest from. */
const MAX_HINTS = 16;

/** Tells envoys of each other's peer servers where multicast does not reach; nothing while nobody new has come. */
export class PeerHints {
  readonly #index: FleetIndex;
  readonly #now: () => number;
  #revision = 1;

  constructor(index: FleetIndex, now: () => number) {
    this.#index = index;
    this.#now = now;
  }

  /** Notes the address that an envoy's peer server has now. */
  noteAddress(previous: string | undefined, current: string): void {
    if (current !== "" && current !== previous) this.#revision += 1;
  }

  /** Some envoys that `state` may not have heard of, in random choice; none if it was told since the last change. */
  for(state: EnvoyState): PeerHint[] {
    if (state.hintRevision === this.#revision) return [];
    state.hintRevision = this.#revision;
    const nowMs = this.#now();
    const hints: PeerHint[] = [];
    let seen = 0;
    for (const other of this.#index.states()) {
      const address = other.reported?.swarmAddress ?? "";
      if (other === state || address === "" || !other.isOnline(nowMs)) continue;
      const hint = { envoyUuid: other.record.uuid, address };
      seen += 1;
      // Reservoir sampling: each of the fleet is named with the same chance.
      if (hints.length < MAX_HINTS) hints.push(hint);
      else {
        const place = Math.floor(Math.random() * seen);
        if (place < MAX_HINTS) hints[place] = hint;
      }
    }
    return hints;
  }
}
