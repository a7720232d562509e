import { Buffer } from "node:buffer";
import { ServerCredentials } from "@grpc/grpc-js";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";

/**
 * TLS of the agents' listener: certificates of one CA are demanded of clients, and the listener's own certificate can be
 * replaced while it serves. Connections that are open keep the one they were made with.
 */
export class RenewableCredentials extends ServerCredentials {
  readonly #ca: string;

  /** @param ca PEM of the CA whose clients are let in. */
  constructor(ca: string, identity: TlsIdentity) {
    super({ requestCert: true, rejectUnauthorized: true }, contextOf(ca, identity));
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
