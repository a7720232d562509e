import { TakenTime } from "./taken_time.ts";

/** Where a host stands in the network, and how fast it is connected. */
export interface LinkPlan {
  readonly address: string;
  /** Multicast is heard within one segment only. */
  readonly segment: number;
  readonly upBytesPerMs: number;
  readonly downBytesPerMs: number;
  readonly latencyMs: number;
}

/** The link of one host: a queue for what is sent, and the time that what is received takes. Times are in ms. */
export class HostLink implements LinkPlan {
  readonly address: string;
  readonly segment: number;
  readonly upBytesPerMs: number;
  readonly downBytesPerMs: number;
  readonly latencyMs: number;
  /** Hosts of different parts do not reach each other. */
  part = 0;
  #upFreeMs = 0;
  readonly #down = new TakenTime();

  constructor({ address, segment, upBytesPerMs, downBytesPerMs, latencyMs }: LinkPlan) {
    this.address = address;
    this.segment = segment;
    this.upBytesPerMs = upBytesPerMs;
    this.downBytesPerMs = downBytesPerMs;
    this.latencyMs = latencyMs;
  }

  /** Queues bytes to be sent. Returns when the last of them has left. */
  send(sizeBytes: number, nowMs: number): number {
    this.#upFreeMs = Math.max(nowMs, this.#upFreeMs) + sizeBytes / this.upBytesPerMs;
    return this.#upFreeMs;
  }

  /**
   * Receives bytes that are sent from `firstMs` to `lastMs`, none of them before `nowMs`, while other transfers leave this link
   * free: what waits for its turn at one sender holds up nothing that another sends meanwhile. Returns when the last of them
   * is here: never before it was sent, and not sooner than this link can take all of them.
   */
  receive(sizeBytes: number, firstMs: number, lastMs: number, nowMs: number): number {
    this.#down.forget(nowMs);
    return Math.max(lastMs, this.#down.take(sizeBytes / this.downBytesPerMs, firstMs));
  }
}
