import type { PeerEndpoint, ProvenPeer } from "../peers/peer_registry.ts";

/**
 * Peers that lack chunks are asked what they have got meanwhile; the more there are, the less often each is asked. Whoever
 * exchanges chunks learns it with each of them, and asks nothing beside.
 */
const PARTIAL_MS_PER_PEER = 100;
const MIN_PARTIAL_MS = 250;
const MAX_PARTIAL_MS = 3000;
/** A peer that had nothing, or did not answer, is asked again after this: soon while others are only starting. */
const EMPTY_EARLY_MS = 400;
export const POLL_EMPTY_MS = 2000;
const EARLY_MS = 5000;
/** A complete peer is asked again to notice a lost blob. */
const COMPLETE_MS = 30_000;
/** Questions about holdings under way at once. */
const MAX_ASKING = 8;
/** Peers followed at once. Of those that hold something some are let go, so that new ones have their turn. */
const MAX_FOLLOWED = 48;
const MAX_FOLLOWED_HOLDERS = 40;

interface Known {
  endpoint: PeerEndpoint;
  readonly hostname: string;
  askAtMs: number;
  asking: boolean;
  holds: boolean;
}

/** A peer that may be asked. */
export type Candidate = Pick<ProvenPeer, "uuid" | "hostname" | "address" | "port">;

/** A peer to ask now. */
export interface Question {
  readonly uuid: string;
  readonly endpoint: PeerEndpoint;
}

/** Decides which peer is asked when what it holds of one blob. Pure; time goes in. */
export class HolderPoll {
  readonly #known = new Map<string, Known>();
  readonly #startedMs: number;
  readonly #firstAskMs: number;
  /** How many are being asked. */
  #asking = 0;
  /** Before this it is nobody's turn. */
  #dueMs = Infinity;

  /** @param firstAskMs Nobody is asked before, unless somebody speaks up. */
  constructor(nowMs: number, firstAskMs = nowMs) {
    this.#startedMs = nowMs;
    this.#firstAskMs = firstAskMs;
  }

  /**
   * Follows these peers from now on, best guesses first, and lets go of others when there are too many: first of those that
   * hold nothing, never of one that is being asked or `isBusy`.
   *
   * @returns the UUIDs of those that are not followed any more.
   */
  follow(candidates: readonly Candidate[], isBusy: (uuid: string) => boolean): string[] {
    const wanted = candidates.slice(0, MAX_FOLLOWED);
    const names = new Set(wanted.map(({ uuid }) => uuid));
    const others = [...this.#known].filter(([uuid, { asking }]) =>
      !names.has(uuid) && !asking && !isBusy(uuid)
    );
    const idle = others.filter(([, { holds }]) => !holds);
    const holding = others.filter(([, { holds }]) => holds);
    const surplus = this.#known.size - idle.length - MAX_FOLLOWED_HOLDERS;
    const dropped = [...idle, ...holding.slice(0, Math.max(0, surplus))].map(([uuid]) => uuid);
    for (const uuid of dropped) this.#known.delete(uuid);
    for (const candidate of wanted) {
      if (this.#known.size < MAX_FOLLOWED || this.#known.has(candidate.uuid)) {
        this.#follow(candidate);
      }
    }
    return dropped;
  }

  /** How many peers are followed. */
  get followed(): number {
    return this.#known.size;
  }

  /** Whether a peer is followed. */
  follows(uuid: string): boolean {
    return this.#known.has(uuid);
  }

  /**
   * Peers whose turn it is, but those that are left alone. Each counts as being asked until {@linkcode noteAnswered}.
   */
  take(nowMs: number, isLeftAlone: (uuid: string) => boolean = () => false): Question[] {
    if (nowMs < this.#dueMs || this.#asking >= MAX_ASKING) return [];
    const questions: Question[] = [];
    let dueMs = Infinity;
    for (const [uuid, known] of this.#known) {
      if (known.asking) continue;
      const isTurn = known.askAtMs <= nowMs && this.#asking < MAX_ASKING && !isLeftAlone(uuid);
      if (!isTurn) {
        dueMs = Math.min(dueMs, known.askAtMs);
        continue;
      }
      this.#asking += 1;
      known.asking = true;
      const isEarly = nowMs - this.#startedMs < EARLY_MS;
      known.askAtMs = nowMs + (isEarly ? EMPTY_EARLY_MS : POLL_EMPTY_MS);
      questions.push({ uuid, endpoint: known.endpoint });
    }
    this.#dueMs = dueMs;
    return questions;
  }

  /** A question came to its end, with or without an answer. */
  noteAnswered(uuid: string): void {
    const known = this.#known.get(uuid);
    if (!known?.asking) return;
    known.asking = false;
    this.#asking -= 1;
    this.#dueMs = Math.min(this.#dueMs, known.askAtMs);
  }

  /** A peer told how much it holds. */
  noteHeld(
    uuid: string,
    { count, isFull }: { readonly count: number; readonly isFull: boolean },
    nowMs: number,
  ): void {
    const known = this.#known.get(uuid);
    if (!known) return;
    known.holds = count > 0;
    known.askAtMs = nowMs + (isFull ? COMPLETE_MS : this.intervalMs);
    this.#dueMs = Math.min(this.#dueMs, known.askAtMs);
  }

  /** Expelled, moved or without the blob: nothing more is expected of it until it says otherwise. */
  noteNothing(uuid: string): void {
    const known = this.#known.get(uuid);
    if (known) known.holds = false;
  }

  /** Somebody said that this peer holds something: its turn is now. */
  hasten(uuid: string, nowMs: number): void {
    const known = this.#known.get(uuid);
    if (!known) return;
    known.askAtMs = Math.min(known.askAtMs, nowMs);
    this.#dueMs = Math.min(this.#dueMs, known.askAtMs);
  }

  endpoint(uuid: string): PeerEndpoint | undefined {
    return this.#known.get(uuid)?.endpoint;
  }

  hostname(uuid: string): string | undefined {
    return this.#known.get(uuid)?.hostname;
  }

  /** Hostnames of peers that hold something. */
  get holders(): string[] {
    return [...this.#known.values()].filter(({ holds }) => holds).map(({ hostname }) => hostname);
  }

  /** How often peers that lack chunks are asked, in ms. */
  get intervalMs(): number {
    const fairMs = this.#known.size * PARTIAL_MS_PER_PEER;
    return Math.min(MAX_PARTIAL_MS, Math.max(MIN_PARTIAL_MS, fairMs));
  }

  #follow({ uuid, hostname, address, port }: Candidate): void {
    const known = this.#known.get(uuid);
    if (known?.endpoint.address === address && known.endpoint.port === port) return;
    const endpoint = { address, port };
    const askAtMs = this.#firstAskMs;
    this.#dueMs = Math.min(this.#dueMs, askAtMs);
    if (known) Object.assign(known, { endpoint, askAtMs, holds: false });
    else this.#known.set(uuid, { endpoint, hostname, askAtMs, asking: false, holds: false });
  }
}
