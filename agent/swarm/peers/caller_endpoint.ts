import type { IncomingMessage } from "node:http";
import { PORT_HEADER } from "./peer_api.ts";
import type { PeerEndpoint } from "./peer_registry.ts";

/** Where a caller's own peer server is: at the address that the call comes from, on the port that it names. */
export function callerEndpoint(request: IncomingMessage): PeerEndpoint | undefined {
  const port = Number(request.headers[PORT_HEADER]);
  const address = request.socket.remoteAddress?.replace(/^::ffff:/, "");
  if (!address || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  return { address, port };
}
