import { Bitmap } from "./bitmap.ts";
import type { SchedulerLimits } from "./scheduler_limits.ts";
import { SchedulerPeer } from "./scheduler_peer.ts";

/** One chunk asked of one peer. */
export interface ChunkRequest {
  readonly id: number;
  readonly peer: string;
  readonly chunk: number;
  readonly timeoutMs: number;
}

/** How a request ended. */
export type RequestOutcome =
  /** The bytes came and match the digest. */
  | { readonly kind: "verified"; readonly elapsedMs: number }
  /** The bytes came and do not match. */
  | { readonly kind: "corrupt" }
  /** The peer does not hold this chunk. */
  | { readonly kind: "not_held" }
  /** The peer has just given it to somebody else, and has others that nobody has yet. */
  | { readonly kind: "given_before" }
  /** The peer is over a limit of its own. */
  | { readonly kind: "busy"; readonly retryAfterMs: number }
  | { readonly kind: "failed" }
  | { readonly kind: "timed_out"; readonly waitedMs: number };

/** What to do now. */
export interface SchedulerStep {
  readonly requests: readonly ChunkRequest[];
  /** Ids of requests whose chunk has come from elsewhere. */
  readonly cancel: readonly number[];
}

export type DownloadState = "running" | "complete" | "no_progress";

/** What a download begins with. */
export interface SchedulerStart {
  /** Chunks that are there already. */
  readonly have: Bitmap;
  readonly limits: SchedulerLimits;
  /** Where the search for the rarest chunk begins, so that envoys that start together fetch different ones. */
  readonly firstChunk: number;
  readonly nowMs: number;
}

/** With fewer requests under way than this a complete peer is asked for anything: speed comes before sparing it. */
const MIN_BUSY = 2;
/** With fewer incomplete peers than this a complete one is not spared: they could not make up for it. */
const MIN_ALTERNATIVES = 2;

/** Of how many chunks that a complete peer has given to nobody the next one to ask it for is drawn. */
const FRESH_WINDOW = 64;

type NamedPeer = [name: string, peer: SchedulerPeer];

/**
 * Decides which chunk of one blob is asked of which peer: rarest first, least busy holder first, duplicates only at the
 * end. A state machine without clock or network: outcomes and time go in, requests come out.
 */
export class DownloadScheduler {
  readonly #have: Bitmap;
  readonly #limits: SchedulerLimits;
  readonly #firstChunk: number;
  readonly #peers = new Map<string, SchedulerPeer>();
  readonly #inFlight = new Map<number, ChunkRequest>();
  readonly #copies: Uint8Array;
  /** Chunks that somebody is asked for. */
  readonly #asked: Bitmap;
  readonly #rarity: Uint16Array;
  /** Peers that hold every chunk. */
  #completePeers = 0;
  /** Peers that something is asked of. */
  #busyPeers = 0;
  #cancel: number[] = [];
  #nextId = 1;
  #progressMs: number;

  constructor({ have, limits, firstChunk, nowMs }: SchedulerStart) {
    this.#have = have.copy();
    this.#limits = limits;
    this.#firstChunk = firstChunk;
    this.#copies = new Uint8Array(have.length);
    this.#asked = new Bitmap(have.length);
    this.#rarity = new Uint16Array(have.length);
    this.#progressMs = nowMs;
  }

  /** Tells which chunks a peer holds now. Its history stays; see {@linkcode removePeer}. */
  setPeer(peer: string, chunks: Bitmap): void {
    const known = this.#peers.get(peer);
    this.#countRarity(known?.chunks, chunks);
    if (known) known.chunks = chunks;
    else this.#peers.set(peer, new SchedulerPeer(chunks, this.#limits));
  }

  /** Tells which chunks a complete peer has already given to somebody: those will soon be found elsewhere. */
  setGiven(peer: string, given: Bitmap): void {
    const known = this.#peers.get(peer);
    if (known) known.given = given;
  }

  /** Forgets a peer for good, as when its certificate is revoked; its requests are to be cancelled. */
  removePeer(peer: string): void {
    const known = this.#peers.get(peer);
    if (!known) return;
    this.#countRarity(known.chunks, undefined);
    if (known.inFlight > 0) this.#busyPeers -= 1;
    this.#peers.delete(peer);
    for (const request of [...this.#inFlight.values()]) {
      if (request.peer === peer) this.#release(request, true);
    }
  }

  /** Whether something is asked of this peer now. */
  isBusy(peer: string): boolean {
    return (this.#peers.get(peer)?.inFlight ?? 0) > 0;
  }

  /** How a request ended. Unknown ids (cancelled before) change nothing. Says whether the chunk is news. */
  finish(id: number, outcome: RequestOutcome, nowMs: number): boolean {
    const request = this.#inFlight.get(id);
    if (!request) return false;
    this.#release(request, false);
    const peer = this.#peers.get(request.peer);
    switch (outcome.kind) {
      case "verified":
        peer?.noteSuccess(outcome.elapsedMs);
        return this.#noteChunk(request.chunk, nowMs);
      case "corrupt":
        peer?.bench(nowMs);
        break;
      case "not_held":
        this.#clearChunk(peer, request.chunk);
        break;
      case "given_before":
        peer?.withhold(request.chunk, nowMs);
        break;
      case "busy":
        peer?.pause(nowMs + Math.min(outcome.retryAfterMs, this.#limits.maxBackOffMs));
        break;
      case "failed":
        peer?.noteFailure(nowMs);
        break;
      case "timed_out":
        peer?.noteTimeout(nowMs, outcome.waitedMs);
        break;
    }
    return false;
  }

  /** A chunk that was there turned out to be damaged: it is wanted again. */
  lose(chunk: number): void {
    this.#have.clear(chunk);
  }

  /** A chunk came from where the swarm has no peer. Says whether it is news. */
  noteFromElsewhere(chunk: number, nowMs: number): boolean {
    return this.#noteChunk(chunk, nowMs);
  }

  /** A chunk that is missing and that no peer holds, and how many such follow it, at most `maxCount` with itself. */
  findUnheld(maxCount: number): { readonly chunk: number; readonly count: number } | undefined {
    const total = this.#have.length;
    for (let step = 0; step < total; step += 1) {
      const chunk = (this.#firstChunk + step) % total;
      if (!this.#isUnheld(chunk)) continue;
      let count = 1;
      while (count < maxCount && chunk + count < total && this.#isUnheld(chunk + count)) count += 1;
      return { chunk, count };
    }
    return undefined;
  }

  /** What to ask of whom now. Call it after every event and at the latest at {@linkcode wakeMs}. */
  step(nowMs: number): SchedulerStep {
    const requests: ChunkRequest[] = [];
    while (this.#inFlight.size < this.#limits.maxInFlight) {
      const request = this.#choose(nowMs);
      if (!request) break;
      requests.push(request);
    }
    const cancel = this.#cancel;
    this.#cancel = [];
    return { requests, cancel };
  }

  state(nowMs: number): DownloadState {
    if (this.#have.isFull) return "complete";
    return nowMs - this.#progressMs >= this.#limits.noProgressMs ? "no_progress" : "running";
  }

  /** When {@linkcode step} may say something new although nothing has happened. */
  wakeMs(nowMs: number): number {
    let wakeMs = this.#progressMs + this.#limits.noProgressMs;
    for (const { pausedUntilMs, withheldUntilMs } of this.#peers.values()) {
      if (pausedUntilMs > nowMs) wakeMs = Math.min(wakeMs, pausedUntilMs);
      if (withheldUntilMs > nowMs) wakeMs = Math.min(wakeMs, withheldUntilMs);
    }
    return wakeMs;
  }

  get have(): Bitmap {
    return this.#have;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Peers left alone because of wrong bytes. */
  benched(nowMs: number): string[] {
    return [...this.#peers].filter(([, { corruptions, pausedUntilMs }]) =>
      corruptions > 0 && pausedUntilMs > nowMs
    ).map(([name]) => name);
  }

  /**
   * First whom to ask, then for what: the peer that will answer soonest gives the rarest chunk that only it is asked for. The
   * other way round, everybody would ask the one holder of the rarest chunk, and wait there while the others have nothing
   * to do.
   */
  #choose(nowMs: number): ChunkRequest | undefined {
    const open = this.#openPeers(nowMs);
    while (open.length > 0) {
      const [name, peer] = takeSoonest(open);
      const chunk = this.#freshOf(peer) ?? this.#rarestOf(peer, nowMs);
      if (chunk !== undefined) return this.#ask(name, peer, chunk);
    }
    return this.#isEndgame() ? this.#askAgain(nowMs) : undefined;
  }

  #ask(name: string, peer: SchedulerPeer, chunk: number): ChunkRequest {
    const request = { id: this.#nextId, peer: name, chunk, timeoutMs: peer.timeoutMs };
    this.#nextId += 1;
    this.#inFlight.set(request.id, request);
    this.#copies[chunk] = (this.#copies[chunk] ?? 0) + 1;
    this.#asked.set(chunk);
    if (peer.inFlight === 0) this.#busyPeers += 1;
    peer.inFlight += 1;
    return request;
  }

  /**
   * Peers that may be asked now, in an order that differs between envoys and from time to time. When enough are busy, no
   * further one is drawn in.
   */
  #openPeers(nowMs: number): NamedPeer[] {
    const mayDrawIn = this.#busyPeers < this.#limits.maxPeers;
    const open: NamedPeer[] = [];
    const start = (this.#firstChunk + this.#nextId) % Math.max(1, this.#peers.size);
    let position = 0;
    const early: NamedPeer[] = [];
    for (const named of this.#peers) {
      const [, peer] = named;
      if ((mayDrawIn || peer.inFlight > 0) && peer.isOpen(nowMs)) {
        if (position < start) early.push(named);
        else open.push(named);
      }
      position += 1;
    }
    for (const named of early) open.push(named);
    return open;
  }

  /**
   * A chunk that a complete peer has given to nobody yet: what only it has gets out once before anything gets out twice.
   * Chance picks among the first of these, so that envoys seldom want the same, and all of them come about in order, as
   * whoever hashes a blob from its beginning wants them.
   */
  #freshOf({ chunks, given }: SchedulerPeer): number | undefined {
    if (!given || given.isFull) return undefined;
    let left = this.#drawBelow(FRESH_WINDOW);
    let fresh: number | undefined;
    chunks.findWithout(this.#have, this.#asked, 0, (chunk) => {
      if (given.has(chunk) || (this.#rarity[chunk] ?? 0) > this.#completePeers) return false;
      fresh = chunk;
      left -= 1;
      return left < 0;
    });
    return fresh;
  }

  /** A number from 0 to below `limit` that looks random, differs between envoys and from request to request. */
  #drawBelow(limit: number): number {
    const mixed = Math.imul(this.#firstChunk + 1, 0x9e3779b1) ^ Math.imul(this.#nextId, 0x85ebca6b);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % limit;
  }

  /** The chunk with fewest holders among those that a peer is to be asked for and nobody is asked for yet. */
  #rarestOf(peer: SchedulerPeer, nowMs: number): number | undefined {
    const isSpared = this.#isSpared(peer);
    let best: number | undefined;
    let bestRarity = Infinity;
    peer.chunks.findWithout(this.#have, this.#asked, this.#firstChunk, (chunk) => {
      const holders = this.#rarity[chunk] ?? 0;
      if (holders >= bestRarity || peer.withholds(chunk, nowMs)) return false;
      if (!isSpared || !this.#isShared(peer, chunk)) {
        best = chunk;
        bestRarity = holders;
      }
      return bestRarity <= 1;
    });
    return best;
  }

  /** At the end a chunk that somebody is slow to give is asked of another as well. */
  #askAgain(nowMs: number): ChunkRequest | undefined {
    const open = this.#openPeers(nowMs);
    for (const { chunk } of this.#inFlight.values()) {
      if ((this.#copies[chunk] ?? 0) >= this.#limits.maxCopies) continue;
      const other = open.find(([name, peer]) =>
        peer.chunks.has(chunk) && !peer.withholds(chunk, nowMs) && !this.#isAsked(name, chunk)
      );
      if (other) return this.#ask(other[0], other[1], chunk);
    }
    return undefined;
  }

  /**
   * Whether a peer is asked only for what nobody else can give, now or in a moment. One that has everything is, as long as
   * there is enough else to wait for: its time belongs to what only it has.
   */
  #isSpared(peer: SchedulerPeer): boolean {
    const hasAlternatives = this.#peers.size - this.#completePeers >= MIN_ALTERNATIVES;
    return peer.chunks.isFull && hasAlternatives && this.#inFlight.size >= MIN_BUSY &&
      !this.#isEndgame();
  }

  /** Whether a chunk that a complete peer has is or will soon be to be had elsewhere. */
  #isShared(peer: SchedulerPeer, chunk: number): boolean {
    return (this.#rarity[chunk] ?? 0) > this.#completePeers || (peer.given?.has(chunk) ?? false);
  }

  #isUnheld(chunk: number): boolean {
    return !this.#have.has(chunk) && (this.#rarity[chunk] ?? 0) === 0;
  }

  #isEndgame(): boolean {
    return this.#have.length - this.#have.count <= this.#inFlight.size;
  }

  #isAsked(peer: string, chunk: number): boolean {
    for (const request of this.#inFlight.values()) {
      if (request.peer === peer && request.chunk === chunk) return true;
    }
    return false;
  }

  #noteChunk(chunk: number, nowMs: number): boolean {
    if (!this.#have.set(chunk)) return false;
    this.#progressMs = nowMs;
    for (const request of [...this.#inFlight.values()]) {
      if (request.chunk === chunk) this.#release(request, true);
    }
    return true;
  }

  #release(request: ChunkRequest, cancel: boolean): void {
    this.#inFlight.delete(request.id);
    const copies = (this.#copies[request.chunk] ?? 1) - 1;
    this.#copies[request.chunk] = copies;
    if (copies === 0) this.#asked.clear(request.chunk);
    const peer = this.#peers.get(request.peer);
    if (peer) {
      peer.inFlight -= 1;
      if (peer.inFlight === 0) this.#busyPeers -= 1;
    }
    if (cancel) this.#cancel.push(request.id);
  }

  #clearChunk(peer: SchedulerPeer | undefined, chunk: number): void {
    if (peer?.chunks.isFull) this.#completePeers -= 1;
    if (peer?.chunks.clear(chunk)) this.#rarity[chunk] = (this.#rarity[chunk] ?? 1) - 1;
  }

  #countRarity(before: Bitmap | undefined, after: Bitmap | undefined): void {
    this.#completePeers += Number(after?.isFull ?? false) - Number(before?.isFull ?? false);
    const count = (chunk: number, change: number) => {
      this.#rarity[chunk] = (this.#rarity[chunk] ?? 0) + change;
    };
    if (after) after.forEachDifference(before, (chunk, isHeld) => count(chunk, isHeld ? 1 : -1));
    else before?.forEachDifference(undefined, (chunk) => count(chunk, -1));
  }
}

/** Takes the peer that will answer soonest out of a list that is not empty; of equals the first. */
function takeSoonest(peers: NamedPeer[]): NamedPeer {
  let soonest = 0;
  let leastLoad = Infinity;
  for (let at = 0; at < peers.length; at += 1) {
    const load = peers[at]?.[1].load ?? Infinity;
    if (load >= leastLoad) continue;
    soonest = at;
    leastLoad = load;
  }
  const [taken] = peers.splice(soonest, 1);
  if (!taken) throw new Error("unreachable: nothing is taken from an empty list");
  return taken;
}
