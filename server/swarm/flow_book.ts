import type { SwarmFlow } from "../../shared/rest/swarm_graph.ts";

/** How long a flow is shown, in ms. */
export const FLOW_WINDOW_MS = 60_000;
/** Flows are kept by slots of this length, in ms, and forgotten a slot at a time. */
const SLOT_MS = 5_000;
/** Most pairs of envoys remembered for one slot; what flows between further ones meanwhile is not shown. */
const MAX_PAIRS_PER_SLOT = 20_000;

interface Slot {
  readonly startMs: number;
  readonly flows: Map<string, { chunks: number; sizeBytes: number }>;
}

/** Who gave how much to whom within the last minute, as far as those that fetched have told this process. */
export class FlowBook {
  readonly #slots: Slot[] = [];

  /**
   * @param from UUID of the envoy that gave, or `server`.
   * @param to UUID of the envoy that fetched.
   */
  note(from: string, to: string, flow: { chunks: number; sizeBytes: number }, nowMs: number): void {
    const { flows } = this.#slotOf(nowMs);
    const key = `${from} ${to}`;
    const known = flows.get(key);
    if (known) {
      known.chunks += flow.chunks;
      known.sizeBytes += flow.sizeBytes;
    } else if (flows.size < MAX_PAIRS_PER_SLOT) {
      flows.set(key, { chunks: flow.chunks, sizeBytes: flow.sizeBytes });
    }
  }

  /** The flows of the last minute, the largest first. */
  list(nowMs: number): SwarmFlow[] {
    this.#forget(nowMs);
    const sums = new Map<string, SwarmFlow>();
    for (const { flows } of this.#slots) {
      for (const [key, { chunks, sizeBytes }] of flows) {
        const sum = sums.get(key);
        if (sum) {
          sum.chunks += chunks;
          sum.sizeBytes += sizeBytes;
        } else {
          const [from = "", to = ""] = key.split(" ");
          sums.set(key, { from, to, chunks, sizeBytes });
        }
      }
    }
    return [...sums.values()].sort((one, other) => other.sizeBytes - one.sizeBytes);
  }

  #slotOf(nowMs: number): Slot {
    this.#forget(nowMs);
    const startMs = Math.floor(nowMs / SLOT_MS) * SLOT_MS;
    const last = this.#slots.at(-1);
    // A clock that was set back adds to the slot that was open.
    if (last && last.startMs >= startMs) return last;
    const slot = { startMs, flows: new Map() };
    this.#slots.push(slot);
    return slot;
  }

  #forget(nowMs: number): void {
    const oldestMs = nowMs - FLOW_WINDOW_MS - SLOT_MS;
    while ((this.#slots[0]?.startMs ?? Infinity) <= oldestMs) this.#slots.shift();
  }
}
