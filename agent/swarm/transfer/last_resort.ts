/** What the server gave when it was asked for content, or why it gave nothing. */
export type ServerAnswer =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | {
    readonly ok: false;
    readonly reason: string;
    /** The server will not change its mind soon: asking again is for the next attempt. */
    readonly isFinal: boolean;
  };

/** So many chunks in a row, from one on. */
export interface ChunkRun {
  readonly chunk: number;
  readonly count: number;
}

/** What is wanted of a blob: some of its chunks, or the digests of all of them. */
export type WantedContent = ChunkRun | "digests";

/** The server as a source of content. */
export interface ServerSource {
  /** How long peers alone are asked, in ms. */
  readonly peersAloneMs: number;
  /** Whether `swarm.server_fallback` lets content come from it. */
  isAllowed(): boolean;
  /** @param sizeBytes what has to come. Never throws: what failed is an answer too. */
  fetch(sha256: string, wanted: WantedContent, sizeBytes: number): Promise<ServerAnswer>;
}

/** How long peers alone are asked: they announce themselves every ten seconds, and answer within two. */
export const PEERS_ALONE_MS = 12_000;
/** Pause before a server that was busy, or away, is asked again, in ms. */
const RETRY_MS = 2_000;

/** Decides when the server is asked during one attempt to fetch a blob. Pure; time goes in. */
export class LastResort {
  readonly #server: Pick<ServerSource, "isAllowed" | "peersAloneMs">;
  #peersMs: number;
  #retryMs = -Infinity;
  #isAsking = false;
  #isRefused = false;
  #reason = "";

  constructor(server: Pick<ServerSource, "isAllowed" | "peersAloneMs">, nowMs: number) {
    this.#server = server;
    this.#peersMs = nowMs;
  }

  /** Whether the server may be asked now: peers had their time, and it did not refuse. One thing is asked at a time. */
  mayAsk(nowMs: number): boolean {
    return !this.#isAsking && !this.#isRefused && nowMs >= this.#retryMs &&
      nowMs - this.#peersMs >= this.#server.peersAloneMs && this.#server.isAllowed();
  }

  /** A peer gave something: peers have their time again. */
  notePeer(nowMs: number): void {
    this.#peersMs = nowMs;
    this.#reason = "";
  }

  noteAsked(): void {
    this.#isAsking = true;
  }

  noteAnswer(answer: ServerAnswer, nowMs: number): void {
    this.#isAsking = false;
    this.#reason = answer.ok ? "" : answer.reason;
    if (answer.ok) return;
    this.#isRefused = answer.isFinal;
    this.#retryMs = nowMs + RETRY_MS;
  }

  /** What was in the way of peers, and then of the server. */
  explain(peers: string): string {
    if (!this.#server.isAllowed()) return `${peers}; swarm.server_fallback is off`;
    return this.#reason === "" ? peers : `${peers}; the server: ${this.#reason}`;
  }
}
