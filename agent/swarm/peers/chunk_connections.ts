import type { ConnectionOptions } from "node:tls";
import type { AnswerHead } from "./chunk_answer_reader.ts";
import { ChunkConnection } from "./chunk_connection.ts";
import type { ChunkRoom } from "./chunk_room.ts";
import { PeerError } from "./peer_error.ts";
import type { PeerIdentity } from "./peer_identity.ts";
import { endpointKey, type PeerEndpoint } from "./peer_registry.ts";

/**
 * Connections to one peer that carry chunks; further questions wait for one of them. Two keep it busy, since it sends from one
 * thread, and each costs both ends a handshake of some milliseconds.
 */
const MAX_PER_PEER = 2;
/** An idle connection is closed before the other end does it, after 15 s. */
const IDLE_MS = 10_000;

export interface ChunkConnectionsOptions {
  readonly tls: ConnectionOptions;
  /** Whether a peer has been expelled. */
  readonly isRevoked: (peer: PeerIdentity) => boolean;
}

/** What is asked, and of whom. */
export interface ChunkQuestion {
  readonly endpoint: PeerEndpoint;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Address to call from. */
  readonly localAddress: string | undefined;
  /** Where the bytes go. */
  readonly into: ChunkRoom;
  readonly signal: AbortSignal;
}

export interface HeadFromPeer extends AnswerHead {
  readonly peer: PeerIdentity;
}

interface Lane {
  readonly key: string;
  readonly idle: {
    readonly connection: ChunkConnection;
    readonly timer: ReturnType<typeof setTimeout>;
  }[];
  readonly waiting: (() => void)[];
  used: number;
}

/** Connections that carry chunks, kept for the next chunk of the same peer for a while. */
export class ChunkConnections {
  readonly #options: ChunkConnectionsOptions;
  readonly #lanes = new Map<string, Lane>();

  constructor(options: ChunkConnectionsOptions) {
    this.#options = options;
  }

  /**
   * Asks for a chunk, when one of the connections to its peer is free.
   *
   * @throws {PeerError} if the peer cannot be reached or is not of this fleet, or its answer is none.
   */
  async ask(question: ChunkQuestion): Promise<HeadFromPeer> {
    const key = endpointKey(question.endpoint);
    const lane = this.#lanes.get(key) ?? { key, idle: [], waiting: [], used: 0 };
    this.#lanes.set(key, lane);
    await enter(lane, question.signal);
    try {
      return await this.#askIn(lane, question);
    } finally {
      lane.used -= 1;
      lane.waiting.shift()?.();
      this.#sweep(lane);
    }
  }

  /** Ends all that are idle; nothing may be under way any more. */
  close(): void {
    for (const { idle } of this.#lanes.values()) {
      for (const { connection, timer } of idle) {
        clearTimeout(timer);
        connection.close();
      }
    }
    this.#lanes.clear();
  }

  async #askIn(lane: Lane, question: ChunkQuestion): Promise<HeadFromPeer> {
    const { endpoint, path, headers, into, signal, localAddress } = question;
    for (let kept = takeIdle(lane); kept; kept = takeIdle(lane)) {
      // The other end may just have closed what was idle; then nothing of an answer has come, and the next one is tried.
      const answer = await this.#askOn(lane, kept, path, headers, into, signal);
      if (answer) return answer;
    }
    const tls = localAddress === undefined
      ? this.#options.tls
      : { ...this.#options.tls, localAddress };
    const connection = await ChunkConnection.open(endpoint, tls, signal);
    const answer = await this.#askOn(lane, connection, path, headers, into, signal);
    if (!answer) throw new Error("unreachable: a new connection answers or fails");
    return answer;
  }

  async #askOn(
    lane: Lane,
    connection: ChunkConnection,
    path: string,
    headers: Readonly<Record<string, string>>,
    into: ChunkRoom,
    signal: AbortSignal,
  ): Promise<HeadFromPeer | undefined> {
    const { peer } = connection;
    if (this.#options.isRevoked(peer)) {
      connection.close();
      throw new PeerError(`envoy ${peer.uuid} is revoked`);
    }
    const head = await connection.ask(path, headers, into, signal);
    if (connection.isOpen) this.#keep(lane, connection);
    return head && { ...head, peer };
  }

  #keep(lane: Lane, connection: ChunkConnection): void {
    const timer = setTimeout(() => {
      lane.idle.splice(lane.idle.findIndex((one) => one.connection === connection), 1);
      connection.close();
      this.#sweep(lane);
    }, IDLE_MS);
    // What is idle keeps no process.
    Deno.unrefTimer(timer);
    lane.idle.push({ connection, timer });
  }

  #sweep({ key, idle, waiting, used }: Lane): void {
    if (used === 0 && waiting.length === 0 && idle.length === 0) this.#lanes.delete(key);
  }
}

/** @throws {PeerError} if the signal is raised first. */
async function enter(lane: Lane, signal: AbortSignal): Promise<void> {
  while (lane.used >= MAX_PER_PEER && !signal.aborted) {
    const { promise, resolve } = Promise.withResolvers<void>();
    lane.waiting.push(resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    const at = lane.waiting.indexOf(resolve);
    if (at >= 0) lane.waiting.splice(at, 1);
  }
  if (signal.aborted) {
    // The place that this one was woken for is somebody else's.
    if (lane.used < MAX_PER_PEER) lane.waiting.shift()?.();
    throw new PeerError("Request was cancelled");
  }
  lane.used += 1;
}

function takeIdle({ idle }: Lane): ChunkConnection | undefined {
  for (let last = idle.pop(); last; last = idle.pop()) {
    clearTimeout(last.timer);
    if (last.connection.isOpen) return last.connection;
  }
  return undefined;
}
