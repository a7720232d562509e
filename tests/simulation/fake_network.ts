import type { PeerEndpoint } from "../../agent/swarm/peers/peer_registry.ts";
import type { HostLink } from "./host_link.ts";
import type { Prng } from "./prng.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** What a host does with what reaches it. */
export interface Host {
  readonly link: HostLink;
  /** False while it is switched off: what is sent to it is refused. */
  readonly isUp: boolean;
  hear(datagram: Uint8Array, sourceAddress: string): void;
}

/** How bad the network is. */
export interface Weather {
  /** Share of packets that are lost: of datagrams for good, of streams until they are sent again. */
  readonly loss: number;
  /** Delay of single packets, at most, which also changes their order. */
  readonly jitterMs: number;
}

/** Why a request got no answer. */
export type CallFailure = "refused" | "timed_out";

/** What a served request answers, and how much there is to send. */
export interface Served<Answer> {
  readonly answer: Answer;
  readonly sizeBytes: number;
  /** How much of it is content; the rest is what finding it costs. */
  readonly contentBytes?: number;
  /** Told at once when the last byte will have left, in ms. */
  readonly willBeSent?: (atMs: number) => void;
}

/** A lost packet of a stream is sent again after this. */
const RESEND_MS = 200;
/** Nobody answers from the other side of a partition; whoever asks gives up after this. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * A network of hosts with limited uplinks and downlinks, delay, loss, reordering and partitions. What is sent waits for its
 * turn on the sender's uplink and shares the receiver's downlink with what others send.
 */
export class FakeNetwork<Peer extends Host> {
  readonly #hosts = new Map<string, Peer>();
  readonly #segments = new Map<number, Peer[]>();
  #weather: Weather = { loss: 0, jitterMs: 0 };
  #sharedBytesPerMs = Infinity;
  #sharedFreeMs = 0;
  #controlBytes = 0;

  constructor(private readonly time: VirtualTime, private readonly random: Prng) {}

  /** Bytes of answers and of datagrams heard that were not content. */
  get controlBytes(): number {
    return this.#controlBytes;
  }

  add(host: Peer): void {
    const { address, segment } = host.link;
    this.#hosts.set(address, host);
    const neighbours = this.#segments.get(segment) ?? [];
    neighbours.push(host);
    this.#segments.set(segment, neighbours);
  }

  setWeather(weather: Weather): void {
    this.#weather = weather;
  }

  /**
   * From now on all hosts together move so many bytes in a millisecond, as agents do that share the processors of one
   * machine: sometimes faster, sometimes slower by a half.
   */
  share(bytesPerMs: number): void {
    this.#sharedBytesPerMs = bytesPerMs;
  }

  /** Puts hosts into a part of their own; part 0 is where all begin. */
  separate(addresses: Iterable<string>, part: number): void {
    for (const address of addresses) {
      const host = this.#hosts.get(address);
      if (host) host.link.part = part;
    }
  }

  /** Everybody reaches everybody again. */
  heal(): void {
    for (const { link } of this.#hosts.values()) link.part = 0;
  }

  /** Sends a datagram to every host of the sender's segment, the sender included. */
  multicast(from: HostLink, datagram: Uint8Array): void {
    const hearers = new Map<number, Peer[]>();
    for (const host of this.#segments.get(from.segment) ?? []) {
      if (from.part !== host.link.part || this.#isLost()) continue;
      this.#controlBytes += datagram.length;
      const delayMs = this.#delayMs(from, host.link);
      const together = hearers.get(delayMs);
      if (together) together.push(host);
      else hearers.set(delayMs, [host]);
    }
    // Those whom it reaches in one moment hear it in one event.
    for (const [delayMs, hosts] of hearers) {
      this.time.after(delayMs, () => {
        for (const host of hosts) if (host.isUp) host.hear(datagram, from.address);
      });
    }
  }

  /**
   * Asks the host at an address. `serve` runs there when the request arrives, and answers nothing to refuse; `done` runs here
   * when the answer is complete.
   *
   * @returns what calls the request off: its answer is not waited for any more.
   */
  call<Answer>(
    from: HostLink,
    to: PeerEndpoint,
    serve: (host: Peer) => Served<Answer> | undefined,
    done: (answer: Answer | CallFailure) => void,
  ): () => void {
    let isOver = false;
    const end = (answer: Answer | CallFailure) => {
      if (isOver) return;
      isOver = true;
      done(answer);
    };
    const host = this.#hosts.get(to.address);
    const fail = (failure: CallFailure, afterMs: number) =>
      void this.time.after(afterMs, () => end(failure));
    if (!host || from.part !== host.link.part) {
      fail("timed_out", CONNECT_TIMEOUT_MS);
      return () => isOver = true;
    }
    this.time.after(this.#delayMs(from, host.link) + this.#resendMs(), () => {
      if (isOver) return;
      const served = host.isUp ? serve(host) : undefined;
      if (!served) return fail("refused", host.link.latencyMs);
      this.#controlBytes += served.sizeBytes - (served.contentBytes ?? 0);
      this.time.after(this.#transferMs(host.link, from, served), () => {
        // Whoever was switched off or cut off in between has not sent all of it.
        if (!host.isUp) end("refused");
        else if (from.part !== host.link.part) fail("timed_out", CONNECT_TIMEOUT_MS);
        else end(served.answer);
      });
    });
    return () => isOver = true;
  }

  /** How long an answer takes from now on. */
  #transferMs(from: HostLink, to: HostLink, { sizeBytes, willBeSent }: Served<unknown>): number {
    const { nowMs } = this.time;
    const sentMs = from.send(sizeBytes, nowMs);
    willBeSent?.(sentMs);
    const firstMs = sentMs - sizeBytes / from.upBytesPerMs;
    const receivedMs = to.receive(sizeBytes, firstMs, sentMs, nowMs);
    const hereMs = Math.max(receivedMs, this.#sharedMs(sizeBytes));
    return hereMs - nowMs + this.#delayMs(from, to) + this.#resendMs();
  }

  /** When the shared processors have moved so many bytes more. */
  #sharedMs(sizeBytes: number): number {
    if (this.#sharedBytesPerMs === Infinity) return 0;
    const ownMs = sizeBytes / this.#sharedBytesPerMs * this.random.between(0.5, 1.5);
    this.#sharedFreeMs = Math.max(this.time.nowMs, this.#sharedFreeMs) + ownMs;
    return this.#sharedFreeMs;
  }

  #isLost(): boolean {
    const { loss } = this.#weather;
    return loss > 0 && this.random.chance(loss);
  }

  #delayMs(from: HostLink, to: HostLink): number {
    const { jitterMs } = this.#weather;
    const jitter = jitterMs === 0 ? 0 : this.random.next() * jitterMs;
    return from.latencyMs + to.latencyMs + jitter;
  }

  #resendMs(): number {
    const { loss } = this.#weather;
    if (loss === 0) return 0;
    let delayMs = 0;
    for (let again = 0; again < 5 && this.random.chance(loss); again++) {
      delayMs += RESEND_MS * 2 ** again;
    }
    return delayMs;
  }
}
