import { sha256 } from "../crypto/sha256.ts";
import { DOMAIN } from "./domain.ts";
import { encodeFrame } from "./frame.ts";

/** The RPCs whose requests are signed; a signature for one is worth nothing to another. */
export const SIGNED_METHODS = [
  "CheckIn",
  "ReportResult",
  "RenewCertificate",
  "AgentStream",
  "ResolveSecrets",
  "FetchBlob",
  "UploadQueues",
] as const;

export type SignedMethod = typeof SIGNED_METHODS[number];

/** Length of the nonce of a signed request, in bytes. */
export const REQUEST_NONCE_BYTES = 16;

/** What an envoy's signature over a request covers. */
export interface RequestStatement {
  readonly envoyUuid: string;
  readonly method: string;
  /** The envoy's clock, corrected by the server's, in ms since 1970. */
  readonly timestampMs: number;
  readonly nonce: Uint8Array;
  readonly body: Uint8Array;
}

/**
 * The bytes that an envoy signs for one request.
 *
 * @throws {RangeError} if the timestamp is not a whole number of milliseconds from 0 on.
 */
export function requestBytes(statement: RequestStatement): Uint8Array<ArrayBuffer> {
  const { envoyUuid, method, timestampMs, nonce, body } = statement;
  return encodeFrame(DOMAIN.request, [
    envoyUuid,
    method,
    BigInt(timestampMs),
    nonce,
    sha256(body),
  ]);
}

/** The bytes that a machine signs when it enrols; `csr` is PKCS#10, DER. The token itself is not among them. */
export function enrolmentBytes(token: string, csr: Uint8Array): Uint8Array<ArrayBuffer> {
  return encodeFrame(DOMAIN.enrolment, [sha256(token), sha256(csr)]);
}

/** What an envoy with an expired certificate signs to renew it. */
export interface RenewalStatement {
  /** As the server gave it, raw. */
  readonly nonce: Uint8Array;
  /** PKCS#10, DER. */
  readonly csr: Uint8Array;
  readonly envoyUuid: string;
}

/** The bytes that an envoy signs when it renews an expired certificate. */
export function renewalBytes({ nonce, csr, envoyUuid }: RenewalStatement): Uint8Array<ArrayBuffer> {
  return encodeFrame(DOMAIN.renewal, [nonce, sha256(csr), envoyUuid]);
}
