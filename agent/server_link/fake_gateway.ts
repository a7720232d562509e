import type { SignedRequest } from "../../shared/proto/agent.ts";
import type {
  CallOutcome,
  ServerGateway,
  ServerStream,
  StreamHandlers,
  UnaryMethod,
} from "./server_gateway.ts";

/** A server that is a function, for tests. */
export function fakeGateway(
  server: {
    call?(method: UnaryMethod, request: SignedRequest): CallOutcome<Uint8Array>;
    fetchBlob?(request: SignedRequest, lengthBytes: number): CallOutcome<Uint8Array>;
    openStream?(hello: SignedRequest, handlers: StreamHandlers): ServerStream;
  },
): ServerGateway {
  const away: CallOutcome<Uint8Array> = {
    ok: false,
    failure: { message: "connection refused", clockSuspected: false },
  };
  return {
    call: (method, request) => Promise.resolve(server.call?.(method, request) ?? away),
    fetchBlob: (request, lengthBytes) =>
      Promise.resolve(server.fetchBlob?.(request, lengthBytes) ?? away),
    openStream: (hello, handlers) =>
      server.openStream?.(hello, handlers) ??
        { send: () => {}, close: () => handlers.onEnd(undefined) },
    useIdentity: () => {},
    close: () => {},
  };
}
