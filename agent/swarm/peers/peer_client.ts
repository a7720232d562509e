import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import https from "node:https";
import type { TLSSocket } from "node:tls";
import type { z } from "zod";
import type { SignedBytes } from "../../../shared/crypto/signed_document.ts";
import type { TlsIdentity } from "../../../shared/platform/client_certificate_probe.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import {
  type BlobAnswer,
  blobAnswerSchema,
  CHUNKS_HEADER,
  fleetAnswerSchema,
  GIVEN_HEADER,
  manifestPageSchema,
  MAX_BLOB_ANSWER_BYTES,
  MAX_PEER_JSON_BYTES,
  parsePeersHeader,
  PEERS_HEADER,
  PORT_HEADER,
} from "./peer_api.ts";
import { type PeerIdentity, readPeerIdentity } from "./peer_identity.ts";
import type { PeerEndpoint } from "./peer_registry.ts";

/** Connections to one peer: four for chunks, the rest for questions in between. */
const MAX_SOCKETS_PER_PEER = 6;
/** A peer that does not even begin to answer a question by then is taken as gone. */
const QUESTION_TIMEOUT_MS = 10_000;

/** Why a peer gave no usable answer. `status` is absent if it did not answer at all. */
export class PeerError extends Error {
  override readonly name = "PeerError";
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, status?: number, retryAfterMs?: number) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What a client needs to speak in this fleet. */
export interface PeerClientOptions {
  readonly identity: TlsIdentity;
  readonly ca: string;
  /** Address to call from, so that peers see the one this envoy listens on. */
  readonly localAddress?: string | undefined;
  /** Whether a peer has been expelled. */
  readonly isRevoked: (peer: PeerIdentity) => boolean;
  /** Port of this envoy's own peer server, told to peers so that they can call back. */
  readonly ownPort: () => number;
  /** Called with every peer that answered, and where. */
  readonly onPeer: (peer: PeerIdentity, endpoint: PeerEndpoint) => void;
  /** Called with addresses that a peer passed on. */
  readonly onExchange: (endpoints: readonly PeerEndpoint[]) => void;
}

interface Answer {
  readonly response: IncomingMessage;
  readonly peer: PeerIdentity;
}

/** A chunk's bytes as a peer sent them, not yet verified. */
export interface ChunkAnswer {
  readonly peer: PeerIdentity;
  /** Bits of the chunks that the peer holds by now, if it told. */
  readonly held?: Uint8Array;
  /** Bits of the chunks that it has given to anybody, if it is complete. */
  readonly given?: Uint8Array;
}

interface RequestOptions {
  readonly method?: "GET" | "POST";
  readonly path: string;
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
}

/** Speaks to peer servers over mTLS. A peer is who its certificate says; the address only says where to knock. */
export class PeerClient {
  readonly #options: PeerClientOptions;
  readonly #identities = new WeakMap<object, PeerIdentity>();
  #agent: https.Agent;

  constructor(options: PeerClientOptions) {
    this.#options = options;
    this.#agent = this.#makeAgent(options.identity);
  }

  /** Uses a renewed certificate for new connections. */
  setIdentity(identity: TlsIdentity): void {
    const former = this.#agent;
    this.#agent = this.#makeAgent(identity);
    former.destroy();
  }

  close(): void {
    this.#agent.destroy();
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
    const { response } = await this.#request(endpoint, {
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
   * Fetches one chunk into `into`, which has exactly its size.
   *
   * @throws {PeerError} if the peer refuses, sends another number of bytes, or the connection breaks.
   */
  async getChunk(
    endpoint: PeerEndpoint,
    sha256: string,
    chunk: number,
    into: Uint8Array,
    signal: AbortSignal,
  ): Promise<ChunkAnswer> {
    const path = `/swarm/v1/blobs/${sha256}/chunks/${chunk}`;
    const { response, peer } = await this.#request(endpoint, { path, signal });
    await readExactly(response, into);
    const exchanged = headerText(response, PEERS_HEADER);
    if (exchanged) this.#options.onExchange(parsePeersHeader(exchanged));
    const held = headerBytes(response, CHUNKS_HEADER);
    const given = headerBytes(response, GIVEN_HEADER);
    return { peer, ...(held ? { held } : {}), ...(given ? { given } : {}) };
  }

  async #getJson<T extends z.ZodType>(
    endpoint: PeerEndpoint,
    path: string,
    schema: T,
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<{ value: z.output<T>; peer: PeerIdentity }> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(QUESTION_TIMEOUT_MS)]);
    const { response, peer } = await this.#request(endpoint, { path, signal: limited });
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

  #request(endpoint: PeerEndpoint, options: RequestOptions): Promise<Answer> {
    const { method = "GET", path, body, signal } = options;
    const { localAddress } = this.#options;
    const where = `${endpoint.address}:${endpoint.port}`;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(new PeerError(`Request to ${where} was cancelled`));
      const request = https.request({
        agent: this.#agent,
        host: endpoint.address,
        port: endpoint.port,
        ...(localAddress === undefined ? {} : { localAddress }),
        method,
        path,
        headers: {
          [PORT_HEADER]: String(this.#options.ownPort()),
          ...(body ? { "content-type": "application/json", "content-length": body.length } : {}),
        },
      });
      let answered: IncomingMessage | undefined;
      const cancel = () => {
        const error = new PeerError(`Request to ${where} was cancelled`);
        answered?.destroy(error);
        request.destroy(error);
        reject(error);
      };
      signal.addEventListener("abort", cancel, { once: true });
      request.once("close", () => signal.removeEventListener("abort", cancel));
      request.on("error", (error) => reject(asPeerError(where, error)));
      request.once("response", (response) => {
        answered = response;
        const peer = this.#identify(response);
        if (!peer) {
          request.destroy();
          return reject(new PeerError(`Peer at ${where} does not show who it is`));
        }
        this.#options.onPeer(peer, endpoint);
        if (response.statusCode === 200) return resolve({ response, peer });
        const seconds = Number(response.headers["retry-after"]);
        const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : undefined;
        response.resume();
        reject(
          new PeerError(
            `Peer ${peer.hostname} answered ${path} with status ${response.statusCode}`,
            response.statusCode,
            retryAfterMs,
          ),
        );
      });
      request.end(body);
    });
  }

  #identify(response: IncomingMessage): PeerIdentity | undefined {
    const known = this.#identities.get(response.socket);
    if (known) return known;
    // Every connection of an https agent is a TLS socket.
    const raw = (response.socket as TLSSocket).getPeerCertificate()?.raw;
    const verdict = raw ? readPeerIdentity(raw, "server") : undefined;
    if (!verdict?.ok || this.#options.isRevoked(verdict.peer)) return undefined;
    this.#identities.set(response.socket, verdict.peer);
    return verdict.peer;
  }

  #makeAgent({ certificate, privateKey }: TlsIdentity): https.Agent {
    return new https.Agent({
      keepAlive: true,
      maxSockets: MAX_SOCKETS_PER_PEER,
      cert: certificate,
      key: privateKey,
      ca: this.#options.ca,
      minVersion: "TLSv1.3",
      checkServerIdentity: (_host, certificate) => {
        const verdict = readPeerIdentity(certificate.raw, "server");
        if (!verdict.ok) return new Error(verdict.reason);
        if (this.#options.isRevoked(verdict.peer)) {
          return new Error(`envoy ${verdict.peer.uuid} is revoked`);
        }
        return undefined;
      },
    });
  }
}

function asPeerError(where: string, error: Error & { code?: string }): PeerError {
  if (error instanceof PeerError) return error;
  if (/InvalidPurpose|UNABLE_TO_VERIFY_LEAF_SIGNATURE/.test(`${error.code} ${error.message}`)) {
    return new PeerError(
      `Cannot speak to peer at ${where}: its certificate is of another CA or does not allow extended key usage for server authentication; re-enrol that envoy if it is of this fleet`,
    );
  }
  return new PeerError(`Cannot speak to peer at ${where}: ${error.message}`);
}

function headerText(response: IncomingMessage, name: string): string | undefined {
  const value = response.headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function headerBytes(response: IncomingMessage, name: string): Uint8Array | undefined {
  const text = headerText(response, name);
  return text === undefined ? undefined : new Uint8Array(Buffer.from(text, "base64"));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readBody(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    response.on("data", (part: Buffer) => {
      sizeBytes += part.length;
      if (sizeBytes > maxBytes) {
        response.destroy();
        reject(new PeerError(`Peer answered with more than ${maxBytes} bytes`));
      } else parts.push(part);
    });
    response.once("end", () => resolve(Buffer.concat(parts)));
    response.once("error", (error) => reject(asPeerError("the other end", error)));
    response.once("close", () => reject(new PeerError("Peer ended its answer early")));
  });
}

function readExactly(response: IncomingMessage, into: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    let filled = 0;
    let over = false;
    const fail = (reason: string) => {
      over = true;
      response.destroy();
      reject(new PeerError(reason));
    };
    response.on("data", (part: Buffer) => {
      // After a failure the buffer belongs to another request.
      if (over) return;
      if (filled + part.length > into.length) {
        return fail(`Peer sent more than the ${into.length} bytes of the chunk`);
      }
      into.set(part, filled);
      filled += part.length;
    });
    response.once("end", () => {
      if (filled === into.length) resolve();
      else fail(`Peer sent ${filled} of the ${into.length} bytes of the chunk`);
    });
    response.once("error", (error) => {
      over = true;
      reject(asPeerError("the other end", error));
    });
    response.once("close", () => {
      over = true;
      reject(new PeerError("Peer ended its answer early"));
    });
  });
}
