import type { ServerMessage } from "../../shared/proto/agent.ts";
import type { RequestRefusal } from "./refusals.ts";

/** How often an idle stream is asked whether anybody is there, and how long it may take to answer, in ms. */
const PING_INTERVAL_MS = 60_000;
const PONG_DEADLINE_MS = 20_000;
/** How often the two are looked at, in ms. */
const TICK_MS = 5_000;

/** One open stream, as its registry sees it. */
export interface StreamChannel {
  /** False if the agent reads too slowly to take more; the channel has then been closed. */
  send(message: ServerMessage): boolean;
  /** Ends the stream; with a refusal the agent is told why. */
  close(refusal?: RequestRefusal): void;
}

interface OpenStream {
  readonly channel: StreamChannel;
  pingAtMs: number;
  /** Token of the ping that is not answered yet. */
  awaited: number | undefined;
}

/** The open streams of the fleet, one per envoy; what must happen now goes down them. */
export class AgentStreams {
  readonly #streams = new Map<string, OpenStream>();
  readonly #now: () => number;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(now: () => number) {
    this.#now = now;
    this.#timer = setInterval(() => this.tick(), TICK_MS);
  }

  get size(): number {
    return this.#streams.size;
  }

  has(envoyUuid: string): boolean {
    return this.#streams.has(envoyUuid);
  }

  /** Takes in a stream; one that the envoy left open before is closed. */
  open(envoyUuid: string, channel: StreamChannel): void {
    this.#streams.get(envoyUuid)?.channel.close();
    // Spread over the interval, so that a fleet that came back at once is not asked at once.
    const pingAtMs = this.#now() + PING_INTERVAL_MS * (0.5 + Math.random() / 2);
    this.#streams.set(envoyUuid, { channel, pingAtMs, awaited: undefined });
  }

  /** Forgets a stream that ended; not one that has replaced it meanwhile. */
  forget(envoyUuid: string, channel: StreamChannel): void {
    if (this.#streams.get(envoyUuid)?.channel === channel) this.#streams.delete(envoyUuid);
  }

  /** Whether the envoy had an open stream that took the message. */
  send(envoyUuid: string, message: ServerMessage): boolean {
    return this.#streams.get(envoyUuid)?.channel.send(message) ?? false;
  }

  /** Sends to every open stream, or to those of the envoys that `wants` admits. */
  broadcast(message: ServerMessage, wants: (envoyUuid: string) => boolean = () => true): void {
    for (const [envoyUuid, { channel }] of [...this.#streams]) {
      if (wants(envoyUuid)) channel.send(message);
    }
  }

  /** Ends an envoy's stream, as when it is revoked. */
  close(envoyUuid: string, refusal: RequestRefusal): void {
    this.#streams.get(envoyUuid)?.channel.close(refusal);
    this.#streams.delete(envoyUuid);
  }

  notePong(envoyUuid: string, token: number): void {
    const stream = this.#streams.get(envoyUuid);
    if (stream?.awaited === undefined || stream.awaited !== token) return;
    stream.awaited = undefined;
    stream.pingAtMs = this.#now() + PING_INTERVAL_MS;
  }

  /** Pings the streams that are due and closes those that did not answer. */
  tick(): void {
    const nowMs = this.#now();
    for (const [envoyUuid, stream] of [...this.#streams]) {
      if (nowMs < stream.pingAtMs) continue;
      if (stream.awaited !== undefined) {
        stream.channel.close();
        this.forget(envoyUuid, stream.channel);
        continue;
      }
      const token = randomToken();
      stream.awaited = token;
      stream.pingAtMs = nowMs + PONG_DEADLINE_MS;
      if (stream.channel.send({ ping: { token } })) continue;
      this.forget(envoyUuid, stream.channel);
    }
  }

  /** Ends every stream. */
  stop(): void {
    clearInterval(this.#timer);
    for (const { channel } of this.#streams.values()) channel.close();
    this.#streams.clear();
  }
}

/** One that cannot be answered before it was read. */
function randomToken(): number {
  return new DataView(crypto.getRandomValues(new Uint8Array(4)).buffer).getUint32(0);
}
