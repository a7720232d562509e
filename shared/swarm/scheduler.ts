import type { Bitmap } from "./bitmap.ts";
import { ChunkHolders } from "./chunk_holders.ts";
import type { ChunkRequest, RequestOutcome } from "./chunk_request.ts";
import { RequestsUnderWay } from "./requests_under_way.ts";
import type { SchedulerLimits } from "./scheduler_limits.ts";
import { SchedulerPeer } from "./scheduler_peer.ts";

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

/**
 * Decides which chunk of one blob is asked of which peer: rarest first, least busy holder first, duplicates only at the
 * end. A state machine without clock or network: outcomes and time go in, requests come out.
 */
export class DownloadScheduler {
  readonly #have: Bitmap;
  readonly #limits: SchedulerLimits;
  readonly #firstChunk: number;
  readonly #peers = new Map<string, SchedulerPeer>();
  /** The same peers, to go through them often. */
  #list: SchedulerPeer[] = [];
  readonly #requests: RequestsUnderWay;
  readonly #holders: ChunkHolders;
  /** Peers that something is asked of. */
  #busyPeers = 0;
  /** Changes whenever a chunk is to be asked for again that was not: it was not given, or it is lost. */
  #reopened = 0;
  #cancel: number[] = [];
  #nextId = 1;
  #progressMs: number;
  /** When the last pause of a peer is over. */
  #pausesEndMs = 0;

  constructor({ have, limits, firstChunk, nowMs }: SchedulerStart) {
    this.#have = have.copy();
    this.#limits = limits;
    this.#firstChunk = firstChunk;
    this.#requests = new RequestsUnderWay(have.length);
    this.#holders = new ChunkHolders(have.length);
    this.#progressMs = nowMs;
  }

  /** Tells which chunks a peer holds now. Its history stays; see {@linkcode removePeer}. */
  setPeer(peer: string, chunks: Bitmap): void {
    const known = this.#peers.get(peer);
    this.#holders.change(known?.chunks, chunks);
    if (known) {
      known.chunks = chunks;
      return;
    }
    const added = new SchedulerPeer(peer, chunks, this.#limits);
    this.#peers.set(peer, added);
    this.#list.push(added);
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
    this.#holders.change(known.chunks, undefined);
    if (known.inFlight > 0) this.#busyPeers -= 1;
    this.#peers.delete(peer);
    this.#list = this.#list.filter((one) => one !== known);
    for (const request of this.#requests.ofPeer(peer)) this.#release(request, true);
  }

  /** Whether something is asked of this peer now. */
  isBusy(peer: string): boolean {
    return (this.#peers.get(peer)?.inFlight ?? 0) > 0;
  }

  /** How a request ended. Unknown ids (cancelled before) change nothing. Says whether the chunk is news. */
  finish(id: number, outcome: RequestOutcome, nowMs: number): boolean {
    const request = this.#requests.get(id);
    if (!request) return false;
    const isNews = outcome.kind === "verified" && this.#have.set(request.chunk);
    this.#release(request, false);
    const peer = this.#peers.get(request.peer);
    switch (outcome.kind) {
      case "verified":
        peer?.noteSuccess(outcome.elapsedMs);
        if (isNews) this.#noteNews(request.chunk, nowMs);
        return isNews;
      case "corrupt":
        peer?.bench(nowMs);
        break;
      case "not_held":
        if (peer) this.#clearChunk(peer, request.chunk);
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
    this.#pausesEndMs = Math.max(this.#pausesEndMs, peer?.quietUntilMs ?? 0);
    return false;
  }

  /** A chunk that was there turned out to be damaged: it is wanted again. */
  lose(chunk: number): void {
    this.#have.clear(chunk);
    this.#reopened += 1;
  }

  /** A chunk came from where the swarm has no peer. Says whether it is news. */
  noteFromElsewhere(chunk: number, nowMs: number): boolean {
    if (!this.#have.set(chunk)) return false;
    this.#noteNews(chunk, nowMs);
    return true;
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
    while (this.#requests.size < this.#limits.maxInFlight) {
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
    if (nowMs >= this.#pausesEndMs) return wakeMs;
    for (const { pausedUntilMs, withheldUntilMs } of this.#list) {
      if (pausedUntilMs > nowMs) wakeMs = Math.min(wakeMs, pausedUntilMs);
      if (withheldUntilMs > nowMs) wakeMs = Math.min(wakeMs, withheldUntilMs);
    }
    return wakeMs;
  }

  get have(): Bitmap {
    return this.#have;
  }

  get inFlight(): number {
    return this.#requests.size;
  }

  /** Peers left alone because of wrong bytes. */
  benched(nowMs: number): string[] {
    return this.#list.filter(({ corruptions, pausedUntilMs }) =>
      corruptions > 0 && pausedUntilMs > nowMs
    ).map(({ name }) => name);
  }

  /**
   * First whom to ask, then for what: the peer that will answer soonest gives the rarest chunk that only it is asked for. The
   * other way round, everybody would ask the one holder of the rarest chunk, and wait there while the others have nothing
   * to do.
   */
  #choose(nowMs: number): ChunkRequest | undefined {
    const isAllAsked = this.#requests.asked.count >= this.#have.length - this.#have.count;
    const soonest = isAllAsked
      ? undefined
      : this.#findSoonest(nowMs, (peer) => this.#mayHelp(peer));
    if (soonest) {
      const request = this.#askAnything(soonest, nowMs) ?? this.#askOthers(soonest, nowMs);
      if (request) return request;
    }
    return this.#isEndgame() ? this.#askAgain(nowMs) : undefined;
  }

  /** Asks a peer for what it is best asked for; not at all if it has nothing that nobody is asked for yet. */
  #askAnything(peer: SchedulerPeer, nowMs: number): ChunkRequest | undefined {
    const chunk = this.#freshOf(peer) ?? this.#rarestOf(peer, nowMs);
    return chunk === undefined ? undefined : this.#ask(peer, chunk);
  }

  /** The peer that would answer soonest has nothing: the others have their turn. Rare until the chunks are about to end. */
  #askOthers(soonest: SchedulerPeer, nowMs: number): ChunkRequest | undefined {
    const others = this.#list.filter((peer) =>
      peer !== soonest && this.#mayHelp(peer) && this.#mayAsk(peer, nowMs)
    )
      .sort((one, other) => one.load - other.load);
    for (const peer of others) {
      const request = this.#askAnything(peer, nowMs);
      if (request) return request;
    }
    return undefined;
  }

  #ask(peer: SchedulerPeer, chunk: number): ChunkRequest {
    const request = { id: this.#nextId, peer: peer.name, chunk, timeoutMs: peer.timeoutMs };
    this.#nextId += 1;
    this.#requests.begin(request);
    if (peer.inFlight === 0) this.#busyPeers += 1;
    peer.inFlight += 1;
    return request;
  }

  /**
   * The peer that will answer soonest among those that may be asked now and that are `fit`; of equals one that differs between
   * envoys and from time to time.
   */
  #findSoonest(
    nowMs: number,
    fit: (peer: SchedulerPeer) => boolean,
  ): SchedulerPeer | undefined {
    const list = this.#list;
    let soonest: SchedulerPeer | undefined;
    let leastLoad = Infinity;
    let at = (this.#firstChunk + this.#nextId) % Math.max(1, list.length);
    for (let step = 0; step < list.length; step += 1) {
      const peer = list[at];
      at = at + 1 === list.length ? 0 : at + 1;
      if (!peer || peer.load >= leastLoad || !this.#mayAsk(peer, nowMs) || !fit(peer)) continue;
      soonest = peer;
      leastLoad = peer.load;
    }
    return soonest;
  }

  /** Whether a peer may be asked now. When enough are busy, no further one is drawn in. */
  #mayAsk(peer: SchedulerPeer, nowMs: number): boolean {
    return (peer.inFlight > 0 || this.#busyPeers < this.#limits.maxPeers) && peer.isOpen(nowMs);
  }

  /** Whether a peer may have something that nobody is asked for: not if it had nothing, and no such chunk came up since. */
  #mayHelp(peer: SchedulerPeer): boolean {
    return peer.usedUpAt !== this.#reopened;
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
    chunks.findWithout(this.#have, this.#requests.asked, 0, (chunk) => {
      if (given.has(chunk) || this.#holders.of(chunk) > this.#holders.complete) return false;
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
    let isUsedUp = true;
    peer.chunks.findWithout(this.#have, this.#requests.asked, this.#firstChunk, (chunk) => {
      isUsedUp = false;
      const holders = this.#holders.of(chunk);
      if (holders >= bestRarity || peer.withholds(chunk, nowMs)) return false;
      if (!isSpared || !this.#isShared(peer, chunk)) {
        best = chunk;
        bestRarity = holders;
      }
      return bestRarity <= 1;
    });
    if (isUsedUp) peer.usedUpAt = this.#reopened;
    return best;
  }

  /** At the end a chunk that somebody is slow to give is asked of another as well. */
  #askAgain(nowMs: number): ChunkRequest | undefined {
    for (const { chunk } of this.#requests.all()) {
      if (this.#requests.copiesOf(chunk) >= this.#limits.maxCopies) continue;
      const other = this.#findSoonest(
        nowMs,
        (peer) =>
          peer.chunks.has(chunk) && !peer.withholds(chunk, nowMs) &&
          !this.#requests.isAsked(peer.name, chunk),
      );
      if (other) return this.#ask(other, chunk);
    }
    return undefined;
  }

  /**
   * Whether a peer is asked only for what nobody else can give, now or in a moment. One that has everything is, as long as
   * there is enough else to wait for: its time belongs to what only it has.
   */
  #isSpared(peer: SchedulerPeer): boolean {
    const hasAlternatives = this.#list.length - this.#holders.complete >= MIN_ALTERNATIVES;
    return peer.chunks.isFull && hasAlternatives && this.#requests.size >= MIN_BUSY &&
      !this.#isEndgame();
  }

  /** Whether a chunk that a complete peer has is or will soon be to be had elsewhere. */
  #isShared(peer: SchedulerPeer, chunk: number): boolean {
    return this.#holders.of(chunk) > this.#holders.complete || (peer.given?.has(chunk) ?? false);
  }

  #isUnheld(chunk: number): boolean {
    return !this.#have.has(chunk) && this.#holders.of(chunk) === 0;
  }

  #isEndgame(): boolean {
    return this.#have.length - this.#have.count <= this.#requests.size;
  }

  /** A chunk that was missing has come: whoever else is asked for it need not send it. */
  #noteNews(chunk: number, nowMs: number): void {
    this.#progressMs = nowMs;
    for (const request of this.#requests.ofChunk(chunk)) this.#release(request, true);
  }

  #release(request: ChunkRequest, cancel: boolean): void {
    const { chunk } = request;
    if (this.#requests.end(request) && !this.#have.has(chunk)) this.#reopened += 1;
    const peer = this.#peers.get(request.peer);
    if (peer) {
      peer.inFlight -= 1;
      if (peer.inFlight === 0) this.#busyPeers -= 1;
    }
    if (cancel) this.#cancel.push(request.id);
  }

  /** A peer does not hold a chunk of which it said so. What it said may be known to others, too, and stays as it is. */
  #clearChunk(peer: SchedulerPeer, chunk: number): void {
    const before = peer.chunks;
    peer.chunks = before.copy();
    peer.chunks.clear(chunk);
    this.#holders.change(before, peer.chunks);
  }
}
