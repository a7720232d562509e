import { Buffer } from "node:buffer";
import { ServerCredentials } from "@grpc/grpc-js";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import type { HandshakeLimits } from "../../shared/platform/limit_handshakes.ts";
import { handshakeOptions, installHandshakeLimits } from "./limit_handshakes.ts";

/** A fleet that comes back at once is let in some hundred a second; those that are turned away come again. */
const HANDSHAKE_LIMITS: HandshakeLimits = { total: 2_048, perAddress: 512, timeoutMs: 10_000 };

/**
 * TLS of the agents' listener: certificates of one CA are demanded of clients, and the listener's own certificate can be
 * replaced while it serves. Connections that are open keep the one they were made with.
 */
export class RenewableCredentials extends ServerCredentials {
  readonly #ca: string;

  /** @param ca PEM of the CA whose clients are let in. */
  constructor(ca: string, identity: TlsIdentity, limits: HandshakeLimits = HANDSHAKE_LIMITS) {
    super(
      { requestCert: true, rejectUnauthorized: true, ...handshakeOptions(limits) },
      contextOf(ca, identity),
    );
    installHandshakeLimits();
    this.#ca = ca;
  }

  /** Uses another certificate of the same CA for connections from now on. */
  setIdentity(identity: TlsIdentity): void {
    this.updateSecureContextOptions(contextOf(this.#ca, identity));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function contextOf(ca: string, { certificate, privateKey }: TlsIdentity) {
  return {
    ca: Buffer.from(ca),
    cert: Buffer.from(certificate),
    key: Buffer.from(privateKey),
    minVersion: "TLSv1.2" as const,
  };
}
