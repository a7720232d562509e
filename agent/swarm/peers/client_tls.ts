import type { ConnectionOptions } from "node:tls";
import type { TlsIdentity } from "../../../shared/platform/client_certificate_probe.ts";
import { type PeerIdentity, readPeerIdentity } from "./peer_identity.ts";

export interface ClientTlsOptions {
  readonly identity: TlsIdentity;
  readonly ca: string;
  readonly isRevoked: (peer: PeerIdentity) => boolean;
}

/** How this envoy calls a peer server: the other end is an envoy of this fleet by its certificate, whatever its address. */
export function clientTls({ identity, ca, isRevoked }: ClientTlsOptions): ConnectionOptions {
  return {
    cert: identity.certificate,
    key: identity.privateKey,
    ca,
    minVersion: "TLSv1.3",
    checkServerIdentity: (_host, certificate) => {
      const verdict = readPeerIdentity(certificate.raw, "server");
      if (!verdict.ok) return new Error(verdict.reason);
      if (isRevoked(verdict.peer)) return new Error(`envoy ${verdict.peer.uuid} is revoked`);
      return undefined;
    },
  };
}
