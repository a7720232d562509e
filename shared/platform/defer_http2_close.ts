import http2 from "node:http2";

const PATCHED = Symbol("vigo.deferred_close");

/**
 * Makes HTTP/2 client sessions close a turn later than they are told to.
 *
 * A gRPC client closes its session from within the callback that reports the server's GOAWAY. Without open streams this
 * runtime then frees the session while its parser still reads from it, and the process dies of a segmentation fault, as
 * when the server is restarted while no call is under way. A close that waits for the parser to return is safe. Call it
 * before the first connection; calling it again does nothing.
 */
export function deferHttp2Close(): void {
  const original: typeof http2.connect & { [PATCHED]?: true } = http2.connect;
  if (original[PATCHED]) return;
  const connect = (...args: Parameters<typeof http2.connect>): http2.ClientHttp2Session => {
    const session = original(...args);
    const close = session.close.bind(session);
    session.close = (callback?: () => void) => {
      setImmediate(() => close(callback));
    };
    return session;
  };
  // Every overload of `connect` takes and gives what the one above does.
  http2.connect = Object.assign(connect as typeof http2.connect, { [PATCHED]: true as const });
}
