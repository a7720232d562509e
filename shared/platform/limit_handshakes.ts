import type { Socket } from "node:net";
import type { Server } from "node:tls";
import { AddressQuota } from "./address_quota.ts";

/** What connections may take of a listener before their TLS handshake is over. */
export interface HandshakeLimits {
  /** Unfinished handshakes at a time, of all addresses. */
  readonly total: number;
  /** Of one address; many machines may share the address of a router. */
  readonly perAddress: number;
  /** A handshake that is not over by then is cut off, in ms. */
  readonly timeoutMs: number;
}

/**
 * Makes a TLS server drop connections, unanswered, that are past the limits. How long a handshake may take is an option of
 * the server, which it has to be given as `handshakeTimeout`.
 */
export function limitHandshakes(server: Server, limits: HandshakeLimits): void {
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
