import type { IncomingMessage } from "node:http";
import https from "node:https";
import type { TLSSocket } from "node:tls";
import type { TlsIdentity } from "../../../shared/platform/client_certificate_probe.ts";
import { clientTls } from "./client_tls.ts";
import { PORT_HEADER } from "./peer_api.ts";
import { asPeerError, asRefusal, PeerError } from "./peer_error.ts";
import { type PeerIdentity, readPeerIdentity } from "./peer_identity.ts";
import type { PeerEndpoint } from "./peer_registry.ts";

/** Connections to one peer for questions; chunks have their own. */
const MAX_SOCKETS_PER_PEER = 2;

/** What is needed to speak in this fleet. */
export interface PeerConnectionOptions {
  readonly identity: TlsIdentity;
  readonly ca: string;
  /** Address to call from, so that peers see the one this envoy listens on. */
  readonly localAddress: () => string | undefined;
  /** Whether a peer has been expelled. */
  readonly isRevoked: (peer: PeerIdentity) => boolean;
  /** Port of this envoy's own peer server, told to peers so that they can call back. */
  readonly ownPort: () => number;
  /** Called with every peer that answered, and where. */
  readonly onPeer: (peer: PeerIdentity, endpoint: PeerEndpoint) => void;
}

export interface PeerRequest {
  readonly method?: "GET" | "POST";
  readonly path: string;
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
}

export interface PeerAnswer {
  readonly response: IncomingMessage;
  readonly peer: PeerIdentity;
}

/** Connections to peer servers over mTLS. A peer is who its certificate says; the address only says where to knock. */
export class PeerConnections {
  readonly #options: PeerConnectionOptions;
  readonly #identities = new WeakMap<object, PeerIdentity>();
  readonly #agent: https.Agent;

  constructor(options: PeerConnectionOptions) {
    this.#options = options;
    this.#agent = new https.Agent({
      keepAlive: true,
      maxSockets: MAX_SOCKETS_PER_PEER,
      ...clientTls(options),
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  /**
   * Sends one request and waits for the head of a good answer; the body is the caller's to read.
   *
   * @throws {PeerError} if the peer cannot be reached, is not of this fleet, or answers with another status than 200.
   */
  send(endpoint: PeerEndpoint, options: PeerRequest): Promise<PeerAnswer> {
    const { method = "GET", path, body, signal } = options;
    const localAddress = this.#options.localAddress();
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
        response.resume();
        const { statusCode, headers } = response;
        reject(asRefusal(peer.hostname, path, statusCode, headers["retry-after"]));
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
}
