import type { Bitmap } from "./bitmap.ts";
import type { SchedulerLimits } from "./scheduler_limits.ts";

/** A chunk that a peer would not give is not asked of it again before this, in ms: meanwhile it may be found elsewhere. */
const WITHHELD_MS = 1000;

/** What a download knows about one peer. */
export class SchedulerPeer {
  readonly name: string;
  #chunks: Bitmap;
  #given: Bitmap | undefined;
  #inFlight = 0;
  #load = 1;
  /** No request goes there before this time. */
  pausedUntilMs = 0;
  /** Chunks of wrong bytes it has sent. */
  corruptions = 0;
  /** When the last chunk that it would not give may be asked of it again. */
  withheldUntilMs = 0;
  /** When it was seen to have nothing that is to be asked for, as its user counts; what it holds has not changed since. */
  usedUpAt: number | undefined;
  readonly #withheld = new Map<number, number>();
  #failures = 0;
  #window: number;
  #chunkMs: number | undefined;
  readonly #limits: SchedulerLimits;

  constructor(name: string, chunks: Bitmap, limits: SchedulerLimits) {
    this.name = name;
    this.#chunks = chunks;
    this.#limits = limits;
    this.#window = limits.maxInFlightPerPeer;
    this.#weigh();
  }

  /** Chunks that it holds. */
  get chunks(): Bitmap {
    return this.#chunks;
  }

  set chunks(chunks: Bitmap) {
    this.#chunks = chunks;
    this.usedUpAt = undefined;
    this.#weigh();
  }

  /** Chunks that it has given to anybody, if it told. */
  get given(): Bitmap | undefined {
    return this.#given;
  }

  set given(given: Bitmap | undefined) {
    this.#given = given;
    this.#weigh();
  }

  /** Requests under way to it. */
  get inFlight(): number {
    return this.#inFlight;
  }

  set inFlight(count: number) {
    this.#inFlight = count;
    this.#weigh();
  }

  /** Whether another request may go there now. */
  isOpen(nowMs: number): boolean {
    return this.#inFlight < this.#window && nowMs >= this.pausedUntilMs;
  }

  /**
   * How long another request to this peer would take, in ms, as far as can be told. One that has everything counts as
   * busier once it has given all of it to somebody: what others can give should not cost its bandwidth, and before that
   * everybody waits for what it has not given yet.
   */
  get load(): number {
    return this.#load;
  }

  /** How long a request to it may take. */
  get timeoutMs(): number {
    const { minTimeoutMs, maxTimeoutMs } = this.#limits;
    const expectedMs = this.#chunkMs === undefined ? maxTimeoutMs / 4 : 4 * this.#chunkMs;
    return Math.min(maxTimeoutMs, Math.max(minTimeoutMs, expectedMs));
  }

  noteSuccess(elapsedMs: number): void {
    this.#failures = 0;
    this.#window = Math.min(this.#limits.maxInFlightPerPeer, this.#window + 1);
    this.#chunkMs = this.#chunkMs === undefined ? elapsedMs : 0.7 * this.#chunkMs + 0.3 * elapsedMs;
    this.#weigh();
  }

  /** Doubles the pause with every failure in a row. */
  noteFailure(nowMs: number): void {
    const { firstBackOffMs, maxBackOffMs } = this.#limits;
    const pauseMs = Math.min(maxBackOffMs, firstBackOffMs * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    this.pause(nowMs + pauseMs);
  }

  /** A chunk did not come in time: one request at a time from now on, until it delivers again. */
  noteTimeout(nowMs: number, waitedMs: number): void {
    this.#window = 1;
    this.#chunkMs = Math.max(this.#chunkMs ?? 0, waitedMs);
    this.#weigh();
    this.noteFailure(nowMs);
  }

  /** From then on it may be asked for anything. */
  get quietUntilMs(): number {
    return Math.max(this.pausedUntilMs, this.withheldUntilMs);
  }

  /** It will not give a chunk now that it has given to somebody else. */
  withhold(chunk: number, nowMs: number): void {
    if (nowMs >= this.withheldUntilMs) this.#withheld.clear();
    this.withheldUntilMs = nowMs + WITHHELD_MS;
    this.#withheld.set(chunk, this.withheldUntilMs);
  }

  /** Whether it would not give this chunk a moment ago. */
  withholds(chunk: number, nowMs: number): boolean {
    return nowMs < this.withheldUntilMs && nowMs < (this.#withheld.get(chunk) ?? 0);
  }

  pause(untilMs: number): void {
    this.pausedUntilMs = Math.max(this.pausedUntilMs, untilMs);
  }

  bench(nowMs: number): void {
    this.corruptions += 1;
    this.pause(nowMs + this.#limits.benchMs);
  }

  /** Peers are compared far more often than anything about them changes. */
  #weigh(): void {
    const isAllOut = this.#chunks.isFull && (this.#given?.isFull ?? true);
    this.#load = (this.#inFlight + 1 + (isAllOut ? 2 : 0)) * (this.#chunkMs ?? 1);
  }
}
