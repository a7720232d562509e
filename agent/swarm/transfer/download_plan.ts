import type { Bitmap } from "../../../shared/swarm/bitmap.ts";
import type { ChunkRequest, RequestOutcome } from "../../../shared/swarm/chunk_request.ts";
import { DownloadScheduler, type DownloadState } from "../../../shared/swarm/scheduler.ts";
import { type SchedulerLimits, schedulerLimits } from "../../../shared/swarm/scheduler_limits.ts";
import type { ChunkRun } from "./last_resort.ts";
import type { PeerEndpoint } from "../peers/peer_registry.ts";
import { type Candidate, HolderPoll, type Question } from "./holder_poll.ts";

/** Who may be asked is thought over this often, after so many chunks, and when somebody unknown speaks up. */
const CANDIDATES_MS = 1000;
const CHUNKS_PER_LOOK = 100;
const MIN_LOOK_MS = 100;
/** The disk is looked at again after so many chunks. */
const CHUNKS_PER_DISK_CHECK = 100;
/** A blob of so few chunks, of which one peer has all, is there before it helps to know who else has some. */
const FEW_CHUNKS = 4;
/** How long others are left in peace then, in ms. */
const PATIENCE_MS = 1000;

/** A chunk to ask for, and where. */
export interface PlannedRequest extends ChunkRequest {
  readonly endpoint: PeerEndpoint;
}

/** What to do now. */
export interface DownloadStep {
  readonly requests: readonly PlannedRequest[];
  /** Ids of requests whose chunk has come from elsewhere, or whose peer has gone. */
  readonly cancel: readonly number[];
  /** Peers to be asked what they hold. */
  readonly questions: readonly Question[];
}

/** A peer that is known to hold these chunks. */
export interface KnownHolder {
  readonly peer: Candidate;
  readonly chunks: Bitmap;
}

export interface DownloadPlanStart {
  /** Chunks that are there already. */
  readonly have: Bitmap;
  readonly chunkSizeBytes: number;
  /** Where the search for the rarest chunk begins; chance decides, so that envoys that start together differ. */
  readonly firstChunk: number;
  readonly nowMs: number;
  /** Whether a peer is left alone because of wrong bytes, whichever download they were meant for. */
  readonly isBenched: (uuid: string) => boolean;
  /** Who gave the digests, if a peer did. */
  readonly holder?: KnownHolder | undefined;
}

/**
 * Decides all of one attempt to fetch a blob: who is asked what they hold, which chunk is asked of whom, how much is under
 * way, and what came from where. A state machine without clock, network or disk: what happened goes in, what to do comes out.
 */
export class DownloadPlan {
  readonly #poll: HolderPoll;
  readonly #scheduler: DownloadScheduler;
  readonly #limits: SchedulerLimits;
  readonly #isBenched: (uuid: string) => boolean;
  readonly #sources = new Map<string, number>();
  #lookedMs = -Infinity;
  #looksAtChunk = 0;
  #hasNewcomer = false;
  #stored = 0;
  /** Chunks received and not yet written. */
  #writing = 0;
  #corrupt = 0;

  constructor({ have, chunkSizeBytes, firstChunk, nowMs, isBenched, holder }: DownloadPlanStart) {
    this.#limits = schedulerLimits(chunkSizeBytes);
    const isQuick = holder?.chunks.isFull === true && have.length <= FEW_CHUNKS;
    this.#poll = new HolderPoll(nowMs, isQuick ? nowMs + PATIENCE_MS : nowMs);
    this.#isBenched = isBenched;
    this.#scheduler = new DownloadScheduler({ have, limits: this.#limits, firstChunk, nowMs });
    if (have.count > 0) this.#sources.set("cached", have.count);
    if (!holder) return;
    this.#poll.follow([holder.peer], () => false);
    this.noteHeld(holder.peer.uuid, holder.chunks, nowMs);
  }

  /** Chunks by where they came from: hostnames, `server`, and `cached` for those that were there. */
  get sources(): Record<string, number> {
    return Object.fromEntries(this.#sources);
  }

  /** Chunks of wrong bytes received in this attempt. */
  get corruptChunks(): number {
    return this.#corrupt;
  }

  /** Hostnames of peers that hold something of it. */
  get holders(): string[] {
    return this.#poll.holders;
  }

  hostname(uuid: string): string | undefined {
    return this.#poll.hostname(uuid);
  }

  state(nowMs: number): DownloadState {
    return this.#scheduler.state(nowMs);
  }

  /** Whether {@linkcode step} may ask for chunks; otherwise it has nothing to do with what peers tell meanwhile. */
  get mayAsk(): boolean {
    const { maxInFlight } = this.#limits;
    return this.#scheduler.inFlight < maxInFlight && this.#writing < maxInFlight;
  }

  /** When {@linkcode step} may say something new although nothing has happened. */
  wakeMs(nowMs: number): number {
    return Math.min(nowMs + this.#poll.intervalMs, this.#scheduler.wakeMs(nowMs));
  }

  /**
   * What to do now. Call it after every event and at {@linkcode wakeMs}.
   *
   * @param candidates who may be asked, best guesses first; called only now and then, since it may take a while.
   */
  step(candidates: () => readonly Candidate[], nowMs: number): DownloadStep {
    this.#look(candidates, nowMs);
    const requests: PlannedRequest[] = [];
    const cancel: number[] = [];
    // A disk slower than the network must not fill memory with chunks that wait for it.
    if (this.#writing < this.#limits.maxInFlight) {
      const planned = this.#scheduler.step(nowMs);
      cancel.push(...planned.cancel);
      for (const request of planned.requests) {
        const endpoint = this.#poll.endpoint(request.peer);
        if (endpoint && !this.#isBenched(request.peer)) requests.push({ ...request, endpoint });
        else this.#scheduler.removePeer(request.peer);
      }
    }
    return { requests, cancel, questions: this.#poll.take(nowMs, this.#isBenched) };
  }

  /** Somebody said that this peer holds something: its turn is now. */
  hasten(uuid: string, nowMs: number): void {
    this.#poll.hasten(uuid, nowMs);
    this.#hasNewcomer ||= !this.#poll.follows(uuid);
  }

  /** Whether a peer is among those that are asked. */
  follows(uuid: string): boolean {
    return this.#poll.follows(uuid);
  }

  /** A peer told which chunks it holds. */
  noteHeld(uuid: string, chunks: Bitmap, nowMs: number): void {
    if (this.#isBenched(uuid)) return;
    this.#poll.noteHeld(uuid, chunks, nowMs);
    this.#scheduler.setPeer(uuid, chunks);
  }

  /** A peer that was asked holds nothing, or did not answer. */
  noteNothing(uuid: string): void {
    this.#poll.noteNothing(uuid);
    this.#scheduler.removePeer(uuid);
  }

  /** A question came to its end, with or without an answer. */
  noteAnswered(uuid: string): void {
    this.#poll.noteAnswered(uuid);
  }

  /** A peer told which chunks it has already given to anybody. */
  noteGiven(uuid: string, given: Bitmap): void {
    this.#scheduler.setGiven(uuid, given);
  }

  /** How a request ended. Says whether its chunk is news, which is then to be written. */
  finish(id: number, outcome: RequestOutcome, nowMs: number): boolean {
    if (outcome.kind === "corrupt") this.#corrupt += 1;
    const isNews = this.#scheduler.finish(id, outcome, nowMs);
    if (isNews) this.#writing += 1;
    return isNews;
  }

  /** Chunks in a row that are missing and that no peer holds, as many as may be under way at once. */
  findUnheld(): ChunkRun | undefined {
    return this.#scheduler.findUnheld(this.#limits.maxInFlight);
  }

  /** The server gave a chunk. Says whether it is news, which is then to be written. */
  noteFromServer(chunk: number, nowMs: number): boolean {
    const isNews = this.#scheduler.noteFromElsewhere(chunk, nowMs);
    if (isNews) this.#writing += 1;
    return isNews;
  }

  /**
   * A chunk that was news has been written. Says whether the disk is to be looked at.
   *
   * @param source hostname of the peer that gave it, or `server`.
   */
  noteStored(source: string): boolean {
    this.#writing -= 1;
    this.#stored += 1;
    this.#sources.set(source, (this.#sources.get(source) ?? 0) + 1);
    return this.#stored % CHUNKS_PER_DISK_CHECK === 0;
  }

  /** A chunk that was news could not be written. */
  noteUnwritten(chunk: number): void {
    this.#writing -= 1;
    this.#scheduler.lose(chunk);
  }

  /** A chunk that was there turned out to be damaged: it is wanted again. */
  lose(chunk: number): void {
    this.#scheduler.lose(chunk);
  }

  #look(candidates: () => readonly Candidate[], nowMs: number): void {
    const sinceMs = nowMs - this.#lookedMs;
    const isDue = sinceMs >= CANDIDATES_MS || this.#stored >= this.#looksAtChunk ||
      (this.#hasNewcomer && sinceMs >= MIN_LOOK_MS);
    if (!isDue) return;
    this.#lookedMs = nowMs;
    this.#looksAtChunk = this.#stored + CHUNKS_PER_LOOK;
    this.#hasNewcomer = false;
    const open = candidates().filter(({ uuid }) => !this.#isBenched(uuid));
    const dropped = this.#poll.follow(open, (uuid) => this.#scheduler.isBusy(uuid));
    for (const uuid of dropped) this.#scheduler.removePeer(uuid);
  }
}
