import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import {
  assertClientCertificatesRequired,
  type TlsIdentity,
} from "../../../shared/platform/client_certificate_probe.ts";
import { AddressQuota } from "../../../shared/platform/address_quota.ts";
import {
  type HandshakeLimits,
  limitHandshakes,
} from "../../../shared/platform/limit_handshakes.ts";
import { limitPipelining } from "../../../shared/platform/limit_pipelining.ts";
import { callerEndpoint } from "./caller_endpoint.ts";
import { ConnectionLimits } from "./connection_limits.ts";
import { type PeerIdentity, readPeerIdentity } from "./peer_identity.ts";
import type { PeerEndpoint } from "./peer_registry.ts";
import type { PeerRoutes } from "./peer_routes.ts";
import { sendAnswer, sendAtOnce } from "./send_answer.ts";
import { makeStrangerIdentity } from "./stranger_identity.ts";
import { UnfitRuntimeError } from "./unfit_runtime_error.ts";

/** A connection that is idle, or sends its request header this slowly, is closed. */
const IDLE_TIMEOUT_MS = 15_000;
/** An answer of which the other end takes nothing for this long is cut. */
const STALLED_TIMEOUT_MS = 15_000;
/** A question that is not read and answered by then is broken off; whoever asked has given up long before. */
const CONTROL_TIMEOUT_MS = 15_000;
/** Connections at a time, idle ones included: more than the neighbours of a machine need. Others are dropped unanswered. */
const MAX_CONNECTIONS = 2_000;
/** Of those, from one address; a router may have many machines behind it. */
const MAX_CONNECTIONS_PER_ADDRESS = 256;
/** Anybody may begin a handshake, so few may be under way, and not for long. */
const HANDSHAKE_LIMITS: HandshakeLimits = { total: 512, perAddress: 64, timeoutMs: 10_000 };
const MAX_HEADER_BYTES = 16 * 1024;
/** Seconds that a refused client should wait. */
const RETRY_AFTER_SECS = "1";

export interface PeerServerOptions {
  readonly identity: TlsIdentity;
  readonly ca: string;
  /** Address to bind; absent means every interface. */
  readonly address?: string | undefined;
  readonly port: number;
  readonly routes: PeerRoutes;
  readonly isRevoked: (peer: PeerIdentity) => boolean;
  /** Called when a caller with a certificate names the port of its own peer server. */
  readonly onCaller: (peer: PeerIdentity, endpoint: PeerEndpoint) => void;
  /** How long strangers may take for how many handshakes; absent means as usual. */
  readonly handshakes?: HandshakeLimits;
  /** How long the exchange of one question may take; absent means as usual. */
  readonly controlTimeoutMs?: number;
  /** How the runtime makes a TLS server; a test stands in for a runtime that does not do what it is told. */
  readonly createServer?: (
    options: https.ServerOptions,
    listener: RequestListener,
  ) => https.Server;
}

/** Serves manifest, chunks and health to other envoys over mTLS. Nobody without a certificate of the fleet's CA is heard. */
export class PeerServer {
  readonly #options: PeerServerOptions;
  readonly #server: https.Server;
  readonly #limits = new ConnectionLimits();
  readonly #sockets = new Map<TLSSocket, PeerIdentity>();

  private constructor(options: PeerServerOptions) {
    const { handshakes = HANDSHAKE_LIMITS } = options;
    this.#options = options;
    this.#server = (options.createServer ?? https.createServer)({
      cert: options.identity.certificate,
      key: options.identity.privateKey,
      ca: options.ca,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: "TLSv1.3",
      handshakeTimeout: handshakes.timeoutMs,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: IDLE_TIMEOUT_MS,
      keepAliveTimeout: IDLE_TIMEOUT_MS,
      connectionsCheckingInterval: 1000,
    }, limitPipelining((request, response) => void this.#handle(request, response)));
    // A failed handshake is the other end's problem and says nothing that an operator could act on.
    this.#server.on("tlsClientError", () => {});
    this.#server.on("clientError", (_error, socket) => socket.destroy());
    this.#limitConnections(handshakes);
  }

  /**
   * Listens, and proves that strangers are turned away before anybody is told the port.
   *
   * @throws {UnfitRuntimeError} if a stranger was served, or a member was not; nothing listens then.
   * @throws {Error} if the port cannot be bound, or the test itself could not be made.
   */
  static async start(options: PeerServerOptions): Promise<PeerServer> {
    const server = new PeerServer(options);
    await server.#listen();
    try {
      await assertClientCertificatesRequired({
        hostname: options.address ?? "127.0.0.1",
        port: server.port,
        ca: options.ca,
        member: options.identity,
        stranger: await makeStrangerIdentity(),
      });
    } catch (error) {
      await server.stop();
      throw asVerdict(error);
    }
    return server;
  }

  get port(): number {
    // A TCP listener's address is an object; it is a string for Unix sockets only.
    return (this.#server.address() as AddressInfo).port;
  }

  /** Closes the connections of peers that have been revoked meanwhile. */
  closeRevoked(): void {
    for (const [socket, peer] of this.#sockets) {
      if (this.#options.isRevoked(peer)) socket.destroy();
    }
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Whoever may not even ask, or asks nothing, must not use up the sockets of everybody else. */
  #limitConnections(handshakes: HandshakeLimits): void {
    const quota = new AddressQuota(MAX_CONNECTIONS_PER_ADDRESS);
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.prependListener("connection", (socket: Socket) => {
      const release = quota.take(socket.remoteAddress);
      if (release) socket.once("close", release);
      else socket.destroy();
    });
    limitHandshakes(this.#server, handshakes);
  }

  #listen(): Promise<void> {
    const { address, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, address ?? "0.0.0.0", () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { routes } = this.#options;
    let peer: PeerIdentity | undefined;
    try {
      peer = this.#identify(request);
    } catch (error) {
      // A caller got here whom the runtime cannot name. It learns nothing, and the self-test learns that it was let in.
      routes.log("warning", "cannot tell who calls", { reason: String(error) });
      return sendAtOnce(response, { status: 500 });
    }
    if (!peer || this.#options.isRevoked(peer)) return void request.socket.destroy();
    this.#noteCaller(request, peer);
    const { kind, answer } = routes.route(request.method ?? "", request.url ?? "");
    const leave = this.#limits.enter(peer.uuid, kind);
    if (!leave) {
      return sendAtOnce(response, { status: 503, headers: { "retry-after": RETRY_AFTER_SECS } });
    }
    response.once("close", leave);
    if (kind === "control") this.#setDeadline(request, response);
    try {
      const routed = await answer(peer, request);
      if (routed.status >= 400) {
        routes.log("debug", "a peer asked in vain", {
          peer: peer.hostname,
          path: request.url,
          status: routed.status,
        });
      }
      await sendAnswer(response, routed, STALLED_TIMEOUT_MS);
    } catch (error) {
      routes.log("warning", "could not answer a peer", {
        peer: peer.hostname,
        path: request.url,
        reason: String(error),
      });
      if (response.headersSent) response.destroy();
      else sendAtOnce(response, { status: 500 });
    }
  }

  /** Ends the exchange of a question that takes too long: a body that trickles in, an answer that nobody takes. */
  #setDeadline(request: IncomingMessage, response: ServerResponse): void {
    const { controlTimeoutMs = CONTROL_TIMEOUT_MS } = this.#options;
    const timer = setTimeout(() => request.socket.destroy(), controlTimeoutMs);
    response.once("close", () => clearTimeout(timer));
  }

  #identify(request: IncomingMessage): PeerIdentity | undefined {
    // Every connection of an https server is a TLS socket.
    const socket = request.socket as TLSSocket;
    const known = this.#sockets.get(socket);
    if (known) return known;
    const raw = socket.getPeerCertificate()?.raw;
    const verdict = raw ? readPeerIdentity(raw, "client") : undefined;
    if (!verdict?.ok) return undefined;
    this.#sockets.set(socket, verdict.peer);
    socket.once("close", () => this.#sockets.delete(socket));
    return verdict.peer;
  }

  #noteCaller(request: IncomingMessage, peer: PeerIdentity): void {
    const endpoint = callerEndpoint(request);
    if (endpoint) this.#options.onCaller(peer, endpoint);
  }
}

/** Tells a runtime that serves strangers from a machine that was merely too busy to be tested. */
function asVerdict(error: unknown): unknown {
  const isUnfit = error instanceof Error && error.message.startsWith("Refusing to serve");
  return isUnfit ? new UnfitRuntimeError(error.message, { cause: error }) : error;
}
