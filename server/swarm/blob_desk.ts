import { isSha256 } from "../../shared/crypto/sha256.ts";
import { type FetchBlobRequest, Refusal_Reason } from "../../shared/proto/agent.ts";
import { chunkSpan, layoutOf } from "../../shared/swarm/chunk_layout.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import { TargetDecision } from "../../shared/swarm/target_decision.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";
import { LeakyBudget } from "../service/leaky_budget.ts";
import { malformed, type RequestRefusal } from "../fleet/refusals.ts";
import { type BlobSpan, openHostBlob } from "./host_blobs.ts";
import type { ManifestStore } from "./manifest_store.ts";
import type { SwarmGates } from "./swarm_gates.ts";

/** Envoys served at a time: the server is no content server, and check-ins come first. */
const MAX_OPEN = 4;
/** Bytes that leave per ms, all envoys together, and how many at once: about 32 MB/s. */
const RATE = { atOnce: 1024 * 1024, perMs: 32_000 };
/** How soon it is looked again whether there is room for the next bytes, in ms. */
const ROOM_LOOK_MS = 10;

export interface BlobDeskOptions {
  readonly manifest: Pick<ManifestStore, "effective" | "isLive">;
  readonly gates: Pick<SwarmGates, "resolve">;
  /** `.blobs/` of the server host's own agent. */
  readonly folder: string;
  readonly now: () => number;
}

/** Bytes on their way to one envoy; to be disposed of, sent to the end or not. */
export interface Delivery extends Disposable {
  /**
   * The next bytes, once there is room for them; `undefined` at the end.
   *
   * @throws {Error} if the file changed, or the blob was revoked meanwhile.
   */
  next(): Promise<Uint8Array | undefined>;
}

export type DeliveryAnswer =
  | { readonly ok: true; readonly delivery: Delivery }
  | { readonly ok: false; readonly refusal: RequestRefusal };

/**
 * Content of last resort: hands envoys that reach no peer what the agent on the server's own host holds. Only a blob that is
 * active, only to an envoy that its target means, only where `swarm.server_fallback` and the gates allow it.
 */
export class BlobDesk {
  readonly #options: BlobDeskOptions;
  readonly #targets = new TargetDecision();
  readonly #open = new Set<string>();
  readonly #rate = new LeakyBudget(RATE);

  constructor(options: BlobDeskOptions) {
    this.#options = options;
  }

  async open(state: EnvoyState, request: FetchBlobRequest): Promise<DeliveryAnswer> {
    const judged = this.#judge(state, request);
    if (!judged.ok) return judged;
    const { entry, span } = judged;
    const { uuid } = state.record;
    this.#open.add(uuid);
    let blob: BlobSpan | undefined;
    try {
      blob = await openHostBlob(this.#options.folder, entry.sha256, span);
    } finally {
      if (!blob) this.#open.delete(uuid);
    }
    if (!blob) return denied("the server's own host does not hold it");
    return { ok: true, delivery: this.#deliver(state, entry, blob) };
  }

  #judge(
    state: EnvoyState,
    { sha256, digests, chunk, count }: FetchBlobRequest,
  ):
    | { readonly ok: true; readonly entry: Cell; readonly span?: ReturnType<typeof chunkSpan> }
    | { readonly ok: false; readonly refusal: RequestRefusal } {
    const { manifest, gates } = this.#options;
    const { hostname, uuid, suspectedClone } = state.record;
    if (!isSha256(sha256) || (chunk === undefined) === (digests !== true)) {
      return { ok: false, refusal: malformed("FetchBlob names a SHA-256, and digests or a chunk") };
    }
    const swarm = gates.resolve(hostname);
    if (!swarm.serverFallback) return denied("swarm.server_fallback is off");
    if (!swarm.subsystems.payload) return denied("the gates of this envoy are closed");
    if (suspectedClone) return denied("two machines seem to use this identity");
    const entry = manifest.effective(sha256);
    // Whether a blob exists is told to nobody whom it does not concern.
    if (
      !entry || !manifest.isLive(sha256) || !this.#targets.isTarget(entry.target, state.subject)
    ) {
      return denied("no active filecast for this envoy has that SHA-256");
    }
    if (this.#open.size >= MAX_OPEN || this.#open.has(uuid)) {
      const message = "the server hands out as much as it may; try again in a moment";
      return { ok: false, refusal: { reason: Refusal_Reason.UNSPECIFIED, message } };
    }
    const cell = { ...entry, sha256 };
    if (chunk === undefined) return { ok: true, entry: cell };
    const layout = layoutOf(entry);
    const last = chunk + Math.max(1, count) - 1;
    if (last >= layout.count) return denied(`it has no chunk ${last}`);
    const { offset } = chunkSpan(layout, chunk);
    const end = chunkSpan(layout, last);
    return { ok: true, entry: cell, span: { offset, length: end.offset + end.length - offset } };
  }

  #deliver(state: EnvoyState, { sha256 }: Cell, blob: BlobSpan): Delivery {
    const { uuid } = state.record;
    return {
      next: async () => {
        await this.#waitForRoom();
        if (!this.#options.manifest.isLive(sha256) || state.record.state !== "active") {
          throw new Error("the blob or the envoy was revoked");
        }
        const bytes = await blob.read();
        this.#rate.spend(bytes?.length ?? 0);
        return bytes;
      },
      [Symbol.dispose]: () => {
        this.#open.delete(uuid);
        blob[Symbol.dispose]();
      },
    };
  }

  async #waitForRoom(): Promise<void> {
    while (!this.#rate.hasLeft(this.#options.now())) {
      await new Promise((done) => setTimeout(done, ROOM_LOOK_MS));
    }
  }
}

/** An entry whose SHA-256 was checked. */
type Cell = ManifestEntry & { readonly sha256: Parameters<typeof openHostBlob>[1] };

function denied(message: string): { readonly ok: false; readonly refusal: RequestRefusal } {
  return { ok: false, refusal: { reason: Refusal_Reason.DENIED, message } };
}
