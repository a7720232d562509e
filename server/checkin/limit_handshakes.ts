import http2 from "node:http2";
import { type HandshakeLimits, limitHandshakes } from "../../shared/platform/limit_handshakes.ts";

const PATCHED = Symbol("vigo.limited_handshakes");
const LIMITS = Symbol("vigo.handshake_limits");

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
