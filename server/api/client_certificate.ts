import { TLSSocket } from "node:tls";
import type { Context } from "hono";
import type { PeerCertificates } from "../checkin/peer_certificates.ts";
import type { ClientCertificate } from "../auth/credentials.ts";

/**
 * The fleet's certificate that a request's connection proved, if it offered one. A certificate of another CA, an expired one
 * and one that names no envoy are as good as none.
 *
 * @param context of a request that came through `https_listener.ts`.
 */
export function readClientCertificate(
  context: Context,
  certificates: PeerCertificates,
): ClientCertificate | undefined {
  const socket: unknown = context.env?.incoming?.socket;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  // Empty when the client offered none.
  const der: unknown = socket.getPeerCertificate().raw;
  if (!(der instanceof Uint8Array)) return undefined;
  const result = certificates.read(der);
  if (!result.ok) return undefined;
  const { identity: { uuid, signingKey }, fingerprint } = result.peer;
  return { envoyUuid: uuid, signingKey, fingerprint };
}
