import type { IncomingMessage, RequestListener } from "node:http";

/** Unfinished answers of one connection. No client of the product asks again before it has its answer. */
const MAX_UNFINISHED = 8;

/**
 * Hands requests on to `listener`, and ends a connection that asks on and on without waiting for its answers. The runtime
 * reads and answers such requests as fast as they come, whether or not anybody takes the answers: a single connection would
 * fill memory and leave no time for the others.
 */
export function limitPipelining(
  listener: RequestListener,
  maxUnfinished = MAX_UNFINISHED,
): RequestListener {
  const unfinished = new WeakMap<IncomingMessage["socket"], number>();
  return (request, response) => {
    const { socket } = request;
    // What was read together with the request that ended the connection comes here too.
    if (socket.destroyed) return;
    const count = unfinished.get(socket) ?? 0;
    if (count >= maxUnfinished) return void socket.destroy();
    unfinished.set(socket, count + 1);
    response.once("close", () => unfinished.set(socket, (unfinished.get(socket) ?? 1) - 1));
    listener(request, response);
  };
}
