import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { isSha256 } from "../../../shared/crypto/sha256.ts";
import type { SignedBytes } from "../../../shared/canonical/signed_document.ts";
import type { Bitmap } from "../../../shared/swarm/bitmap.ts";
import { type ChunkLayout, chunkSpan } from "../../../shared/swarm/chunk_layout.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { BufferPool } from "./buffer_pool.ts";
import type { RequestClass } from "./connection_limits.ts";
import type { GivenChunks } from "./given_chunks.ts";
import type { EngineLog } from "../runtime/engine_log.ts";
import {
  CHUNKS_HEADER,
  GIVEN_HEADER,
  type ManifestPage,
  manifestPushSchema,
  MAX_PEER_JSON_BYTES,
  PEERS_HEADER,
  type ReachAnswer,
  type StorageAnswer,
  toBase64,
} from "./peer_api.ts";
import { callerEndpoint } from "./caller_endpoint.ts";
import type { PeerIdentity } from "./peer_identity.ts";
import { MAX_RELAYED_QUESTION_BYTES, type RelayedQuestion, type RelayedReply } from "../relay.ts";
import type { PeerEndpoint } from "./peer_registry.ts";
import { declaredLength, readRequestBody } from "./read_request_body.ts";

/** Content is sent in pieces of this size, so that many slow receivers cost little memory. */
const SLICE_BYTES = 128 * 1024;
/** Buffers kept for the next answers, 4 MiB in all. */
const MAX_IDLE_BUFFERS = 16;

/** A blob, or the part of one, that this envoy can give. */
export interface ServedBlob {
  readonly layout: ChunkLayout;
  readonly chunks: Bitmap;
  readonly path: string;
  readonly digests: Uint8Array;
  /** What this envoy has given of it since it started; noted here by the routes. */
  readonly given: GivenChunks;
  /** Whether it was seeded here: nobody else may have it, so none of it is given twice while some of it was given to nobody. */
  readonly isSeed: boolean;
}

/** What became of a complaint about wrong bytes; `busy` means that the limits let nothing be read now. */
export type RecheckVerdict = "sound" | "damaged" | "unknown" | "revoked" | "busy";

/** What the peer server asks the engine. */
export interface PeerContent {
  blob(sha256: string): Promise<ServedBlob | "unknown" | "revoked">;
  /** A peer says which chunks of a blob it holds; the bits may be anything. */
  noteHeld(sha256: string, uuid: string, bits: Uint8Array): void;
  /** Reads a chunk again that came wrong from here, and lets go of it if it is damaged. */
  recheck(sha256: string, chunk: number): Promise<RecheckVerdict>;
  /** `undefined` while this envoy gossips with nobody. */
  manifestPage(since: string): ManifestPage | undefined;
  /** Whether anything that this peer pushes would be looked at. */
  hears(peer: PeerIdentity): boolean;
  acceptPush(entries: readonly ManifestEntry[], from: PeerIdentity): Promise<void>;
  fleet(): SignedBytes | undefined;
  /** Addresses of proven peers, `address:port` with commas between. */
  exchange(): string;
  /** Calls a caller back where its call came from, and tells what was seen; `busy` past the limits. */
  reach(peer: PeerIdentity, caller: PeerEndpoint): Promise<ReachAnswer | "busy">;
  /** Room where the data of `purpose` lands; `undefined` if there is no such purpose. */
  storage(purpose: string): Promise<StorageAnswer | undefined>;
  /** Whether there is room to write what peers push. */
  hasRoom(): Promise<boolean>;
  /** Has the daemon answer. */
  relay(question: Omit<RelayedQuestion, "ownFingerprint">): Promise<RelayedReply>;
  /** Waits until so many bytes may be sent. */
  takeUpload(sizeBytes: number): Promise<void>;
  log: EngineLog;
}

/** An answer; a body that is not bytes is sent piece by piece, each piece before the next one is asked for. */
export interface RoutedAnswer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array | {
    readonly length: number;
    readonly slices: AsyncIterable<Uint8Array>;
  };
}

export interface Route {
  readonly kind: RequestClass;
  readonly answer: (peer: PeerIdentity, request: IncomingMessage) => Promise<RoutedAnswer>;
}

const NOT_FOUND: RoutedAnswer = { status: 404 };
const GONE: RoutedAnswer = { status: 410 };
const BUSY: RoutedAnswer = { status: 503, headers: { "retry-after": "60" } };
/** A chunk number as it stands in a path; one past the end of its blob is not found later. */
const CHUNK_NUMBER = /^\d{1,7}$/;

/** Which request is answered how. */
export class PeerRoutes {
  readonly #content: PeerContent;
  readonly #buffers = new BufferPool(SLICE_BYTES, MAX_IDLE_BUFFERS);
  readonly log: EngineLog;

  constructor(content: PeerContent) {
    this.#content = content;
    this.log = content.log;
  }

  /** Finds the answer to a request line; nothing is read or sent yet. */
  route(method: string, target: string): Route {
    const url = URL.parse(target, "https://peer/");
    const [root, version, room, ...rest] = url?.pathname.slice(1).split("/") ?? [];
    if (root === "health" && version === "storage" && room === undefined && method === "GET") {
      return control(() => this.#storage(url?.searchParams.get("for") ?? ""));
    }
    if (url?.pathname === "/puddle/v1/pair/claim" && method === "POST") {
      return control((peer, request) => this.#relay("puddle_claim", peer, url, request));
    }
    if (url && root === "poolq" && version === "v1" && room === "topics" && method === "GET") {
      return control((peer, request) => this.#relay("poolq_range", peer, url, request));
    }
    if (root !== "swarm" || version !== "v1") return control(() => Promise.resolve(NOT_FOUND));
    const [sha256] = rest;
    if (room === "blobs" && sha256 !== undefined && isSha256(sha256)) {
      const withDigests = url?.searchParams.get("digests") !== "0";
      return this.#blobRoute(method, sha256, rest.slice(1), withDigests) ??
        control(() => Promise.resolve(NOT_FOUND));
    }
    if (room === "manifest" && rest.length === 0) {
      if (method === "GET") {
        return control(() => {
          const page = this.#content.manifestPage(url?.searchParams.get("since") ?? "");
          return Promise.resolve(page ? json(page) : BUSY);
        });
      }
      if (method === "POST") return control((peer, request) => this.#push(peer, request));
    }
    if (room === "fleet" && rest.length === 0 && method === "GET") {
      return control(() => Promise.resolve(this.#fleet()));
    }
    if (room === "reach" && rest.length === 0 && method === "GET") {
      return control((peer, request) => this.#reach(peer, request));
    }
    return control(() => Promise.resolve(NOT_FOUND));
  }

  #blobRoute(
    method: string,
    sha256: string,
    rest: readonly string[],
    withDigests: boolean,
  ): Route | undefined {
    const [chunks, text = "", action, ...more] = rest;
    if (chunks === undefined) {
      return method === "GET" ? control(() => this.#blob(sha256, withDigests)) : undefined;
    }
    if (chunks !== "chunks" || !CHUNK_NUMBER.test(text) || more.length > 0) return undefined;
    const chunk = Number(text);
    if (method === "GET" && action === undefined) {
      return {
        kind: "content",
        answer: (peer, request) => {
          this.#noteCallerHolds(sha256, peer, request);
          return this.#chunk(sha256, chunk, peer);
        },
      };
    }
    if (method === "POST" && action === "recheck") {
      return control(() => this.#recheck(sha256, chunk));
    }
    return undefined;
  }

  async #blob(sha256: string, withDigests: boolean): Promise<RoutedAnswer> {
    const blob = await this.#content.blob(sha256);
    if (blob === "unknown") return NOT_FOUND;
    if (blob === "revoked") return GONE;
    return json({
      sizeBytes: blob.layout.sizeBytes,
      chunkSizeBytes: blob.layout.chunkSizeBytes,
      chunks: toBase64(blob.chunks.toBytes()),
      ...(withDigests ? { digests: toBase64(blob.digests) } : {}),
    });
  }

  /** Whoever asks for a chunk tells what it has: it need not be asked. */
  #noteCallerHolds(sha256: string, { uuid }: PeerIdentity, { headers }: IncomingMessage): void {
    const told = headers[CHUNKS_HEADER];
    if (typeof told !== "string") return;
    this.#content.noteHeld(sha256, uuid, new Uint8Array(Buffer.from(told, "base64")));
  }

  async #chunk(sha256: string, chunk: number, { uuid }: PeerIdentity): Promise<RoutedAnswer> {
    const blob = await this.#content.blob(sha256);
    if (blob === "revoked") return GONE;
    if (blob === "unknown" || chunk >= blob.layout.count || !blob.chunks.has(chunk)) {
      return NOT_FOUND;
    }
    const { offset, length } = chunkSpan(blob.layout, chunk);
    const nowMs = performance.now();
    const isSpared = blob.isSeed && blob.given.isOnItsWay(chunk, uuid, nowMs);
    if (!isSpared) blob.given.note(chunk, uuid, nowMs);
    const given = { [GIVEN_HEADER]: toBase64(blob.given.bits.toBytes()) };
    if (isSpared) return { status: 503, headers: { ...given, "retry-after": "1" } };
    const peers = this.#content.exchange();
    return {
      status: 200,
      headers: {
        "content-type": "application/octet-stream",
        [CHUNKS_HEADER]: toBase64(blob.chunks.toBytes()),
        ...(blob.chunks.isFull ? given : {}),
        ...(peers ? { [PEERS_HEADER]: peers } : {}),
      },
      body: { length, slices: this.#slices({ path: blob.path, sha256, chunk }, offset, length) },
    };
  }

  /**
   * Reads a chunk slice by slice into one buffer: each slice is valid until the next one is asked for.
   *
   * Reads without leaving the thread: what spreads lies in the page cache nearly always, and going to another thread for it
   * costs more than the read.
   */
  async *#slices(
    { path, sha256, chunk }: {
      readonly path: string;
      readonly sha256: string;
      readonly chunk: number;
    },
    offset: number,
    length: number,
  ): AsyncGenerator<Uint8Array> {
    using file = Deno.openSync(path, { read: true });
    file.seekSync(offset, Deno.SeekMode.Start);
    const buffer = this.#buffers.take();
    try {
      for (let left = length; left > 0;) {
        const slice = buffer.subarray(0, Math.min(left, SLICE_BYTES));
        await this.#content.takeUpload(slice.length);
        const count = file.readSync(slice);
        if (count === null) {
          this.#recheckLater(sha256, chunk);
          throw new Error(`${path} ended early`);
        }
        left -= count;
        yield slice.subarray(0, count);
      }
    } finally {
      this.#buffers.give(buffer);
    }
  }

  /** A file that ends early is not what it was: nobody has to complain for it to be looked at. */
  #recheckLater(sha256: string, chunk: number): void {
    this.#content.recheck(sha256, chunk).catch((error: unknown) => {
      this.log("warning", "cannot look at a blob that ended early", {
        sha256,
        chunk,
        reason: error instanceof Error ? error.message : String(error),
      });
    });
  }

  async #recheck(sha256: string, chunk: number): Promise<RoutedAnswer> {
    const verdict = await this.#content.recheck(sha256, chunk);
    switch (verdict) {
      case "unknown":
        return NOT_FOUND;
      case "revoked":
        return GONE;
      case "busy":
        return BUSY;
      default:
        return json({ sound: verdict === "sound" });
    }
  }

  /**
   * Takes news that a peer pushes: a body of at most {@linkcode MAX_PEER_JSON_BYTES} (413 past that, and nothing is read)
   * with at most 1,000 entries (400), and only if there is room on the disk (507, nothing is read).
   * Signatures are checked of those entries alone that are newer than what is known, and of none past a forged one. Who pushed
   * that is refused for a while (503, nothing is read). As many pushes run at once as there are places for control requests.
   */
  async #push(peer: PeerIdentity, request: IncomingMessage): Promise<RoutedAnswer> {
    if (!this.#content.hears(peer)) return BUSY;
    if (declaredLength(request, MAX_PEER_JSON_BYTES) === undefined) return { status: 413 };
    if (!await this.#content.hasRoom()) return { status: 507 };
    const read = await readRequestBody(request, MAX_PEER_JSON_BYTES);
    if (!read.ok) return read;
    let body: unknown;
    try {
      body = JSON.parse(new TextDecoder().decode(read.bytes));
    } catch {
      return { status: 400 };
    }
    const push = manifestPushSchema.safeParse(body);
    if (!push.success) return { status: 400 };
    await this.#content.acceptPush(push.data.entries, peer);
    return json({});
  }

  /** Nothing in the request says whom to call: the connection does, and a header names the port there. */
  async #reach(peer: PeerIdentity, request: IncomingMessage): Promise<RoutedAnswer> {
    const caller = callerEndpoint(request);
    if (!caller) return { status: 400 };
    const answer = await this.#content.reach(peer, caller);
    return answer === "busy" ? BUSY : json(answer);
  }

  /** Hands a question to the daemon: with a body of at most {@linkcode MAX_RELAYED_QUESTION_BYTES}, 413 past that. */
  async #relay(
    service: RelayedQuestion["service"],
    peer: PeerIdentity,
    { pathname, search }: URL,
    request: IncomingMessage,
  ): Promise<RoutedAnswer> {
    const read = request.method === "POST"
      ? await readRequestBody(request, MAX_RELAYED_QUESTION_BYTES)
      : { ok: true as const, bytes: new Uint8Array() };
    if (!read.ok) return read;
    const path = `${pathname}${search}`;
    const { status, body } = await this.#content.relay({ service, peer, path, body: read.bytes });
    return {
      status,
      headers: { "content-type": "application/json", ...(status === 503 ? BUSY.headers : {}) },
      body,
    };
  }

  #fleet(): RoutedAnswer {
    const signed = this.#content.fleet();
    if (!signed) return NOT_FOUND;
    return json({ payload: toBase64(signed.payload), signature: toBase64(signed.signature) });
  }

  async #storage(purpose: string): Promise<RoutedAnswer> {
    const storage = await this.#content.storage(purpose);
    return storage ? json(storage) : NOT_FOUND;
  }
}

function control(answer: Route["answer"]): Route {
  return { kind: "control", answer };
}

function json(value: unknown): RoutedAnswer {
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: new TextEncoder().encode(JSON.stringify(value)),
  };
}
