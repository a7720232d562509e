import { Buffer } from "node:buffer";
import type { z } from "zod";
import type { SignedBytes } from "../../../shared/canonical/signed_document.ts";
import type { Bitmap } from "../../../shared/swarm/bitmap.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { ChunkConnections } from "./chunk_connections.ts";
import type { ChunkRoom } from "./chunk_room.ts";
import { clientTls } from "./client_tls.ts";
import {
  type BlobAnswer,
  blobAnswerSchema,
  CHUNKS_HEADER,
  fleetAnswerSchema,
  GIVEN_HEADER,
  manifestPageSchema,
  MAX_BLOB_ANSWER_BYTES,
  MAX_PEER_JSON_BYTES,
  MAX_REACH_ANSWER_BYTES,
  MAX_RECHECK_ANSWER_BYTES,
  MAX_TOLD_CHUNKS,
  parsePeersHeader,
  PEERS_HEADER,
  PORT_HEADER,
  type ReachAnswer,
  reachAnswerSchema,
  recheckAnswerSchema,
  toBase64,
} from "./peer_api.ts";
import { type PeerConnectionOptions, PeerConnections } from "./peer_connections.ts";
import { asRefusal, GivenBeforeError, PeerError } from "./peer_error.ts";
import type { PeerIdentity } from "./peer_identity.ts";
import type { PeerEndpoint } from "./peer_registry.ts";
import type { PeerQuestion } from "../relay.ts";
import { readBody } from "./response_body.ts";

/** A peer that does not even begin to answer a question by then is taken as gone. */
const QUESTION_TIMEOUT_MS = 10_000;
/** What a daemon has to answer takes longer: it may look into a home. */
const RELAY_TIMEOUT_MS = 30_000;

export interface PeerClientOptions extends PeerConnectionOptions {
  /** Called with addresses that a peer passed on. */
  readonly onExchange: (endpoints: readonly PeerEndpoint[]) => void;
}

/** A chunk to ask for. */
export interface AskedChunk {
  readonly sha256: string;
  readonly chunk: number;
  /** What is here of the blob already. */
  readonly held: Bitmap;
}

/** A chunk's bytes as a peer sent them, not yet verified. */
export interface ChunkAnswer {
  readonly peer: PeerIdentity;
  /** Bits of the chunks that the peer holds by now, if it told. */
  readonly held?: Uint8Array;
  /** Bits of the chunks that it has given to anybody, if it is complete. */
  readonly given?: Uint8Array;
}

/** What can be asked of a peer server, request by request. Every answer is parsed before anybody sees it. */
export class PeerClient {
  readonly #options: PeerClientOptions;
  readonly #connections: PeerConnections;
  readonly #chunks: ChunkConnections;

  constructor(options: PeerClientOptions) {
    this.#options = options;
    this.#connections = new PeerConnections(options);
    const { isRevoked } = options;
    this.#chunks = new ChunkConnections({ tls: clientTls(options), isRevoked });
  }

  close(): void {
    this.#connections.close();
    this.#chunks.close();
  }

  /** A page of the peer's manifest. */
  async getManifest(
    endpoint: PeerEndpoint,
    since: string,
    signal: AbortSignal,
  ): Promise<{ peer: PeerIdentity; page: z.output<typeof manifestPageSchema> }> {
    const { value, peer } = await this.#getJson(
      endpoint,
      `/swarm/v1/manifest?since=${since}`,
      manifestPageSchema,
      MAX_PEER_JSON_BYTES,
      signal,
    );
    return { peer, page: value };
  }

  /** Pushes revocations. */
  async pushEntries(
    endpoint: PeerEndpoint,
    entries: readonly ManifestEntry[],
    signal: AbortSignal,
  ): Promise<void> {
    const body = new TextEncoder().encode(JSON.stringify({ entries }));
    const limited = AbortSignal.any([signal, AbortSignal.timeout(QUESTION_TIMEOUT_MS)]);
    const { response } = await this.#connections.send(endpoint, {
      method: "POST",
      path: "/swarm/v1/manifest",
      body,
      signal: limited,
    });
    await readBody(response, 1024);
  }

  /** The signed fleet document that the peer holds. */
  async getFleet(endpoint: PeerEndpoint, signal: AbortSignal): Promise<SignedBytes> {
    const { value } = await this.#getJson(
      endpoint,
      "/swarm/v1/fleet",
      fleetAnswerSchema,
      MAX_PEER_JSON_BYTES,
      signal,
    );
    return value;
  }

  /** What the peer holds of a blob. */
  async getBlob(
    endpoint: PeerEndpoint,
    sha256: string,
    withDigests: boolean,
    signal: AbortSignal,
  ): Promise<{ peer: PeerIdentity; blob: BlobAnswer }> {
    const { value, peer } = await this.#getJson(
      endpoint,
      `/swarm/v1/blobs/${sha256}${withDigests ? "" : "?digests=0"}`,
      blobAnswerSchema,
      MAX_BLOB_ANSWER_BYTES,
      signal,
    );
    return { peer, blob: value };
  }

  /**
   * Fetches one chunk into `into`, which is opened only if the peer gives it.
   *
   * @param asked Which chunk of which blob, and what is held of it here, which the peer is told.
   * @throws {PeerError} if the peer refuses, sends another number of bytes, or the connection breaks.
   */
  async getChunk(
    endpoint: PeerEndpoint,
    { sha256, chunk, held: own }: AskedChunk,
    into: ChunkRoom,
    signal: AbortSignal,
  ): Promise<ChunkAnswer> {
    const { onPeer, onExchange, ownPort, localAddress } = this.#options;
    const isTold = own.count > 0 && own.length <= MAX_TOLD_CHUNKS;
    const path = `/swarm/v1/blobs/${sha256}/chunks/${chunk}`;
    const { peer, status, headers } = await this.#chunks.ask({
      endpoint,
      path,
      headers: {
        [PORT_HEADER]: String(ownPort()),
        ...(isTold ? { [CHUNKS_HEADER]: toBase64(own.toBytes()) } : {}),
      },
      localAddress: localAddress(),
      into,
      signal,
    });
    onPeer(peer, endpoint);
    const given = headerBytes(headers.get(GIVEN_HEADER));
    if (status === 503 && given) {
      throw new GivenBeforeError(`Peer ${peer.hostname} has just given ${path} away`, given);
    }
    if (status !== 200) {
      throw asRefusal(peer.hostname, path, status, headers.get("retry-after"));
    }
    const exchanged = headers.get(PEERS_HEADER);
    if (exchanged) onExchange(parsePeersHeader(exchanged));
    const held = headerBytes(headers.get(CHUNKS_HEADER));
    return { peer, ...(held ? { held } : {}), ...(given ? { given } : {}) };
  }

  /** Tells a peer that this chunk of it came wrong, so that it looks at its own copy. Answers what it found. */
  async requestRecheck(
    endpoint: PeerEndpoint,
    sha256: string,
    chunk: number,
    signal: AbortSignal,
  ): Promise<{ peer: PeerIdentity; sound: boolean }> {
    const { value, peer } = await this.#getJson(
      endpoint,
      `/swarm/v1/blobs/${sha256}/chunks/${chunk}/recheck`,
      recheckAnswerSchema,
      MAX_RECHECK_ANSWER_BYTES,
      signal,
      "POST",
    );
    return { peer, sound: value.sound };
  }

  /** Has the peer call this envoy back, and tell what it saw. */
  async getReach(endpoint: PeerEndpoint, signal: AbortSignal): Promise<ReachAnswer> {
    const path = "/swarm/v1/reach";
    const { value } = await this.#getJson(
      endpoint,
      path,
      reachAnswerSchema,
      MAX_REACH_ANSWER_BYTES,
      signal,
    );
    return value;
  }

  /**
   * Asks for something that only the peer's daemon knows; the body of the answer is handed on as it is.
   *
   * @throws {PeerError} if the peer cannot be reached, refuses, or answers with more than `maxBytes`.
   */
  async ask(
    endpoint: PeerEndpoint,
    { method, path, body, maxBytes }: Omit<PeerQuestion, "host">,
    signal: AbortSignal,
  ): Promise<{ peer: PeerIdentity; body: Uint8Array }> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(RELAY_TIMEOUT_MS)]);
    const { response, peer } = await this.#connections.send(endpoint, {
      method,
      path,
      ...(body ? { body } : {}),
      signal: limited,
    });
    return { peer, body: new Uint8Array(await readBody(response, maxBytes)) };
  }

  async #getJson<T extends z.ZodType>(
    endpoint: PeerEndpoint,
    path: string,
    schema: T,
    maxBytes: number,
    signal: AbortSignal,
    method: "GET" | "POST" = "GET",
  ): Promise<{ value: z.output<T>; peer: PeerIdentity }> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(QUESTION_TIMEOUT_MS)]);
    const { response, peer } = await this.#connections.send(endpoint, {
      method,
      path,
      signal: limited,
    });
    const text = (await readBody(response, maxBytes)).toString("utf8");
    const parsed = schema.safeParse(parseJson(text));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new PeerError(
        `Peer ${peer.hostname} answered ${path} with something else: ${
          issue?.path.join(".")
        }: ${issue?.message}`,
      );
    }
    return { value: parsed.data, peer };
  }
}

/** The bytes of a base64 header; none if it is absent or empty. */
function headerBytes(text: string | undefined): Uint8Array | undefined {
  return text ? new Uint8Array(Buffer.from(text, "base64")) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
