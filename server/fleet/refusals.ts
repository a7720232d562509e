import { Buffer } from "node:buffer";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { Refusal, Refusal_Reason } from "../../shared/proto/agent.ts";
import type { SignedBytes } from "../../shared/canonical/signed_document.ts";

/** Trailing metadata in which a refusal says why. */
export const REFUSAL_METADATA_KEY = "vigo-refusal-bin";

/** Why a request was turned away. */
export interface RequestRefusal {
  readonly reason: Refusal_Reason;
  readonly message: string;
  /** The server's signed clock, for refusals that the clock of the agent causes. */
  readonly serverTime?: SignedBytes;
}

const STATUS: { readonly [reason in Refusal_Reason]: status } = {
  [Refusal_Reason.UNSPECIFIED]: status.RESOURCE_EXHAUSTED,
  [Refusal_Reason.CLOCK]: status.FAILED_PRECONDITION,
  [Refusal_Reason.RETRY_NEW_NONCE]: status.ABORTED,
  [Refusal_Reason.REPLAY]: status.PERMISSION_DENIED,
  [Refusal_Reason.BAD_SIGNATURE]: status.UNAUTHENTICATED,
  [Refusal_Reason.UNKNOWN_ENVOY]: status.UNAUTHENTICATED,
  [Refusal_Reason.REVOKED]: status.PERMISSION_DENIED,
  [Refusal_Reason.WRONG_ENVOY]: status.PERMISSION_DENIED,
  [Refusal_Reason.MALFORMED]: status.INVALID_ARGUMENT,
  [Refusal_Reason.DENIED]: status.PERMISSION_DENIED,
};

/** The gRPC error that carries a refusal. */
export function toServiceError(refusal: RequestRefusal): ServiceError {
  const metadata = new Metadata();
  metadata.set(
    REFUSAL_METADATA_KEY,
    Buffer.from(
      Refusal.encode({
        reason: refusal.reason,
        message: refusal.message,
        serverTime: refusal.serverTime && {
          payload: Buffer.from(refusal.serverTime.payload),
          signature: Buffer.from(refusal.serverTime.signature),
        },
      }).finish(),
    ),
  );
  return Object.assign(new Error(refusal.message), {
    code: STATUS[refusal.reason],
    details: refusal.message,
    metadata,
  });
}

export function malformed(message: string): RequestRefusal {
  return { reason: Refusal_Reason.MALFORMED, message };
}
