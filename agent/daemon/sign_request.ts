import { Buffer } from "node:buffer";
import { DOMAIN } from "../../shared/canonical/domain.ts";
import { encodeFrame } from "../../shared/canonical/frame.ts";
import type { Signer } from "../../shared/crypto/ed25519.ts";
import { sha256 } from "../../shared/crypto/sha256.ts";
import type { SignedRequest } from "../../shared/proto/agent.ts";

/** Length of a nonce, in bytes. */
export const NONCE_BYTES = 16;

/** The RPCs whose requests are signed. */
export type SignedMethod = "CheckIn" | "ReportResult" | "RenewCertificate" | "AgentStream";

/** What a signature says besides the body. */
export interface RequestStamp {
  readonly envoyUuid: string;
  readonly method: SignedMethod;
  /** Corrected local time in ms since 1970. */
  readonly timestampMs: number;
  /** {@linkcode NONCE_BYTES} random bytes, never used twice. */
  readonly nonce: Uint8Array;
}

/** Signs a request body, as the protocol says for `SignedRequest`. */
export function signRequest(stamp: RequestStamp, body: Uint8Array, signer: Signer): SignedRequest {
  const { envoyUuid, method, timestampMs, nonce } = stamp;
  const signature = signer.sign(
    encodeFrame(DOMAIN.request, [envoyUuid, method, BigInt(timestampMs), nonce, sha256(body)]),
  );
  return {
    envoyUuid,
    method,
    timestampMs,
    nonce: Buffer.from(nonce),
    body: Buffer.from(body),
    signature: Buffer.from(signature),
  };
}
