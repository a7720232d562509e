import http2 from "node:http2";
import type { Socket } from "node:net";
import { AddressQuota } from "../api/address_quota.ts";

const PATCHED = Symbol("vigo.limited_handshakes");
const LIMITS = Symbol("vigo.handshake_limits");

/** What connections may take of a listener before their TLS handshake is over. */
export interface HandshakeLimits {
  /** Unfinished handshakes at a time, of all addresses. */
  readonly total: number;
  /** Of one address; many agents may share the address of a router. */
  readonly perAddress: number;
  /** A handshake that is not over by then is cut off, in ms. */
  readonly timeoutMs: number;
}

/** Options of an HTTP/2 server by which {@linkcode installHandshakeLimits} knows that it is meant, and how. */
export function handshakeOptions(limits: HandshakeLimits) {
  return { handshakeTimeout: limits.timeoutMs, [LIMITS]: limits };
}

/**
 * Makes HTTP/2 servers with {@linkcode handshakeOptions} drop connections that are past the limits.
 *
 * gRPC makes its server itself, shows it to nobody and has no such limits of its own, so a stranger could hold any number of
 * connections. Call it before the first server is made; calling it again does nothing. Other servers are left alone.
 */
export function installHandshakeLimits(): void {
  const original: typeof http2.createSecureServer & { [PATCHED]?: true } = http2.createSecureServer;
  if (original[PATCHED]) return;
  const create = (
    options: http2.SecureServerOptions & { [LIMITS]?: HandshakeLimits },
    onRequest?: (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => void,
  ): http2.Http2SecureServer => {
    const server = original(options, onRequest);
    const limits = options[LIMITS];
    if (limits) limitHandshakes(server, limits);
    return server;
  };
  // Every overload of `createSecureServer` takes and gives what the one above does, or has no options to be limited by.
  http2.createSecureServer = Object.assign(create as typeof http2.createSecureServer, {
    [PATCHED]: true as const,
  });
}

function limitHandshakes(server: http2.Http2SecureServer, limits: HandshakeLimits): void {
  const quota = new AddressQuota(limits.perAddress);
  const unfinished = new Map<string, () => void>();
  const finish = (connection: string) => {
    unfinished.get(connection)?.();
    unfinished.delete(connection);
  };
  server.prependListener("connection", (socket: Socket) => {
    const release = unfinished.size < limits.total ? quota.take(socket.remoteAddress) : undefined;
    if (!release) {
      socket.destroy();
      return;
    }
    const connection = nameOf(socket);
    unfinished.set(connection, release);
    socket.once("close", () => finish(connection));
  });
  server.on("secureConnection", (socket: Socket) => finish(nameOf(socket)));
}

/** The same for a connection before and after its handshake, which are two objects. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
