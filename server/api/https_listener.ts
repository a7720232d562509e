import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { getRequestListener, RequestError } from "@hono/node-server";
import type { Hono } from "hono";
import { AddressQuota } from "../../shared/platform/address_quota.ts";
import { limitPipelining } from "../../shared/platform/limit_pipelining.ts";
import { errorResponse } from "./answer_error.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";

/** What clients may take of the listener. */
export interface ListenerLimits {
  /** Connections served at once; a request on a further one is answered 503 and its connection closed. */
  readonly maxConnections: number;
  /** Of those, what one address may have; the others are dropped unanswered. */
  readonly maxPerAddress: number;
  /** A request's headers must be complete by then, and a handshake too. */
  readonly headersTimeoutMs: number;
}

/** More clients than an operator's tools and a fleet's enrolments at once; agents have a listener of their own. */
export const LISTENER_LIMITS: ListenerLimits = {
  maxConnections: 2_000,
  maxPerAddress: 256,
  headersTimeoutMs: 10_000,
};
/** This many connections past the limit are dropped unanswered, before they cost a TLS handshake each. */
const UNANSWERED_CONNECTIONS = 500;
/** A whole request, the longest of which is the upload of a large file over a slow line. JSON bodies have a limit of their own. */
const REQUEST_TIMEOUT_MS = 6 * 3_600_000;
/** How long a connection may stay open between requests. */
const KEEP_ALIVE_TIMEOUT_MS = 30_000;
/** The timeouts above are looked after this often. */
const TIMEOUT_CHECK_INTERVAL_MS = 1_000;
/** All headers of a request together; those of our own clients have a few hundred bytes. */
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS = 100;
/** Requests that are still running when the server stops get this long. */
const DRAIN_MS = 1_000;

export interface HttpsListenerOptions {
  readonly hostname: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly identity: TlsIdentity;
  /** PEM; clients with a certificate of this CA are recognised, others are served without one. */
  readonly ca: string;
  readonly app: Hono;
  /** Told of each request or connection that was turned away because too many connections were open. */
  readonly onRefused: () => void;
  readonly limits?: ListenerLimits;
}

/** The REST listener, once it is bound. */
export interface HttpsListener {
  readonly port: number;
  /** Uses another certificate for connections from now on. */
  setIdentity(identity: TlsIdentity): void;
  /** Accepts no more, lets running requests finish for a moment, then closes what is left. */
  stop(): Promise<void>;
}

/**
 * Serves the application over TLS 1.2 or newer, with client certificates welcome but not demanded.
 *
 * @throws {Error} with `code` `EADDRINUSE` if the port is taken, and whatever else binding reports.
 */
export async function startHttpsListener(options: HttpsListenerOptions): Promise<HttpsListener> {
  const { hostname, port, identity, ca, app, onRefused, limits = LISTENER_LIMITS } = options;
  const serve = getRequestListener(app.fetch, { errorHandler: answerUnreadable });
  let open = 0;
  const secure = ({ certificate, privateKey }: TlsIdentity) => ({
    cert: certificate,
    key: privateKey,
    ca,
    minVersion: "TLSv1.2" as const,
  });
  const server = createServer(
    {
      ...secure(identity),
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: limits.headersTimeoutMs,
      maxHeaderSize: MAX_HEADER_BYTES,
      connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
    },
    limitPipelining((request: IncomingMessage, response: ServerResponse) => {
      if (open > limits.maxConnections) {
        onRefused();
        refuse(response, 503, "Too many connections are open; try again in a moment");
      } else if (request.rawHeaders.length > 2 * MAX_HEADERS) {
        refuse(response, 431, `The request has more than ${MAX_HEADERS} headers`);
      } else void serve(request, response);
    }),
  );
  server.headersTimeout = limits.headersTimeoutMs;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  server.maxConnections = limits.maxConnections + UNANSWERED_CONNECTIONS;
  server.on("secureConnection", (socket) => {
    open += 1;
    socket.once("close", () => open -= 1);
  });
  const sockets = new Set<Socket>();
  const quota = new AddressQuota(limits.maxPerAddress);
  // First of all listeners, so that no handshake begins on what is dropped.
  server.prependListener("connection", (socket: Socket) => {
    const release = quota.take(socket.remoteAddress);
    if (!release) {
      onRefused();
      socket.destroy();
      return;
    }
    socket.once("close", release);
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  // A client that speaks no TLS, or hangs up in the middle of a handshake, is no event for anybody.
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  await listen(server, hostname, port);
  return {
    port: boundPort(server),
    setIdentity: (next) => server.setSecureContext(secure(next)),
    stop: () => close(server, sockets),
  };
}

/** For what cannot even be made a request of, such as an address that is none. */
function answerUnreadable(error: unknown): Response {
  return error instanceof RequestError
    ? errorResponse(400, `Cannot read the request: ${error.message}`)
    : errorResponse(500, "The server failed");
}

function refuse(response: ServerResponse, status: 431 | 503, message: string): void {
  const body = JSON.stringify({ message });
  response.writeHead(status, {
    "content-type": "application/json",
    "connection": "close",
    ...(status === 503 ? { "retry-after": "5" } : {}),
  });
  response.end(body);
}

function listen(server: Server, hostname: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}

function boundPort(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error("A TCP listener has no port");
  }
  return address.port;
}

/**
 * Resolves when all connections have ended, or after {@linkcode DRAIN_MS} with those that have not cut. The event of the
 * server alone would not do: it never comes after a handshake that failed.
 */
async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, DRAIN_MS);
  const closed = new Promise<void>((settle) => server.close(() => settle()));
  server.closeIdleConnections();
  await Promise.race([closed, late]);
  clearTimeout(timer);
  for (const socket of sockets) socket.destroy();
}
