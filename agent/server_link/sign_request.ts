import { Buffer } from "node:buffer";
import { requestBytes, type RequestStatement } from "../../shared/canonical/envoy_frames.ts";
import type { Signer } from "../../shared/crypto/ed25519.ts";
import type { SignedRequest } from "../../shared/proto/agent.ts";

/** A request of this envoy, as it travels. */
export function signRequest(statement: RequestStatement, signer: Signer): SignedRequest {
  const { envoyUuid, method, timestampMs, nonce, body } = statement;
  return {
    envoyUuid,
    method,
    timestampMs,
    nonce: Buffer.from(nonce),
    body: Buffer.from(body),
    signature: Buffer.from(signer.sign(requestBytes(statement))),
  };
}
