import http2 from "node:http2";

const PATCHED = Symbol("vigo.deferred_close");

/**
 * Makes HTTP/2 sessions close a turn later than they are told to where that comes from within their own parser.
 *
 * A session that hears its peer's GOAWAY is closed from within the callback that reports it: a gRPC client does so itself,
 * the runtime does it for a server's session. Without open streams this runtime then frees the session while its parser
 * still reads from it, and the process dies (a segmentation fault, or an assertion of nghttp2), as when a server is
 * restarted, or an agent stops, while no call is under way. A close that waits for the parser to return is safe.
 *
 * A server's session that is closed with a callback is closed by whoever stops the server, never by the parser: it is
 * closed at once, so that an orderly stop is not held up. Call this before the first connection and before a server is made;
 * calling it again does nothing.
 */
export function deferHttp2Close(): void {
  const connect: typeof http2.connect & { [PATCHED]?: true } = http2.connect;
  if (connect[PATCHED]) return;
  const deferredConnect = (...args: Parameters<typeof connect>): http2.ClientHttp2Session => {
    const session = connect(...args);
    const close = session.close.bind(session);
    session.close = (callback) => void setImmediate(() => close(callback));
    return session;
  };
  // Every overload of `connect` takes and gives what the one above does.
  http2.connect = Object.assign(deferredConnect as typeof connect, { [PATCHED]: true as const });
  const createSecureServer = http2.createSecureServer;
  const deferredServer = (...args: Parameters<typeof createSecureServer>) =>
    createSecureServer(...args).on("session", (session) => {
      const close = session.close.bind(session);
      session.close = (callback) => callback ? close(callback) : void setImmediate(close);
    });
  http2.createSecureServer = deferredServer as typeof createSecureServer;
}
