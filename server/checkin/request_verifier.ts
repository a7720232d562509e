import {
  REQUEST_NONCE_BYTES,
  requestBytes,
  type SignedMethod,
} from "../../shared/canonical/envoy_frames.ts";
import { ED25519_SIGNATURE_BYTES, loadVerifier, type Signer } from "../../shared/crypto/ed25519.ts";
import { sealDocument, type SignedBytes } from "../../shared/canonical/signed_document.ts";
import type { ServerTime } from "../../shared/config/server_time.ts";
import { Refusal_Reason, type SignedRequest } from "../../shared/proto/agent.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import type { PeerCertificate } from "./peer_certificates.ts";
import type { RequestRefusal } from "../fleet/refusals.ts";

/** How far a request's stamp may be from the server's clock, in ms, either way. */
export const CLOCK_WINDOW_MS = 5 * 60_000;

export interface RequestVerifierOptions {
  readonly index: FleetIndex;
  readonly signer: Signer;
  readonly now: () => number;
  /** When this process began to remember nonces, in ms. */
  readonly startedAtMs: number;
  /** Whether an earlier life of this server revoked an envoy or certificate. */
  readonly wasRevoked: (envoyUuid: string, certificateFingerprint: string) => boolean;
}

export type Verified =
  | { readonly ok: true; readonly state: EnvoyState }
  /** `isUnknown`: genuine, but of an envoy that this server has no record of. */
  | { readonly ok: false; readonly refusal: RequestRefusal; readonly isUnknown?: boolean };

/** The server's clock over the nonce that asked for it, signed. */
export function signServerTime(nonce: Uint8Array, nowMs: number, signer: Signer): SignedBytes {
  const time: ServerTime = { nonce: nonce.toHex(), timeMs: nowMs };
  return sealDocument("serverTime", time, signer);
}

/**
 * Decides whether a signed request is what its envoy asked for, once, now. The order matters: nothing is remembered of a
 * request before its signature has been verified, so a stranger can neither fill nor probe the memory of nonces.
 */
export class RequestVerifier {
  readonly #options: RequestVerifierOptions;

  constructor(options: RequestVerifierOptions) {
    this.#options = options;
  }

  verify(request: SignedRequest, method: SignedMethod, peer: PeerCertificate): Verified {
    const { index, wasRevoked } = this.#options;
    if (
      request.nonce.length !== REQUEST_NONCE_BYTES ||
      request.signature.length !== ED25519_SIGNATURE_BYTES || request.method !== method
    ) {
      return refuse(
        Refusal_Reason.MALFORMED,
        `request is not a ${method} with ${REQUEST_NONCE_BYTES} bytes of nonce and ${ED25519_SIGNATURE_BYTES} of signature`,
      );
    }
    const { identity, fingerprint } = peer;
    if (request.envoyUuid !== identity.uuid) {
      return refuse(
        Refusal_Reason.WRONG_ENVOY,
        `request names envoy ${
          JSON.stringify(request.envoyUuid.slice(0, 64))
        }, the certificate ${identity.uuid}`,
      );
    }
    const state = index.get(identity.uuid);
    if (state?.record.state === "revoked" || wasRevoked(identity.uuid, fingerprint)) {
      return refuse(Refusal_Reason.REVOKED, `envoy ${identity.uuid} is revoked`);
    }
    if (state && state.record.signingKey !== identity.signingKey) {
      return refuse(
        Refusal_Reason.WRONG_ENVOY,
        `the certificate binds another signing key than envoy ${identity.uuid} enrolled with`,
      );
    }
    const verifier = state?.verifier ?? loadVerifier(Uint8Array.fromHex(identity.signingKey));
    if (!verifier.verify(requestBytes(request), request.signature)) {
      return refuse(Refusal_Reason.BAD_SIGNATURE, "the signature over the request does not verify");
    }
    if (!state) {
      return {
        ...refuse(Refusal_Reason.UNKNOWN_ENVOY, `envoy ${identity.uuid} is not known here`),
        isUnknown: true,
      };
    }
    return this.#judgeTime(request, state);
  }

  #judgeTime({ timestampMs, nonce }: SignedRequest, state: EnvoyState): Verified {
    const { now, startedAtMs, signer } = this.#options;
    const nowMs = now();
    const aheadMs = timestampMs - nowMs;
    if (Math.abs(aheadMs) > CLOCK_WINDOW_MS) {
      const seconds = Math.round(Math.abs(aheadMs) / 1000);
      return refuse(
        Refusal_Reason.CLOCK,
        `the request is stamped ${seconds} s ${
          aheadMs > 0 ? "after" : "before"
        } the server's clock`,
        signServerTime(nonce, nowMs, signer),
      );
    }
    if (timestampMs < startedAtMs) {
      return refuse(
        Refusal_Reason.RETRY_NEW_NONCE,
        "the server has started since this request was stamped: sign it again with a new nonce",
        signServerTime(nonce, nowMs, signer),
      );
    }
    switch (state.nonces.take(nonce, timestampMs + CLOCK_WINDOW_MS, nowMs)) {
      case "fresh":
        return { ok: true, state };
      case "replayed":
        return refuse(Refusal_Reason.REPLAY, "a request with this nonce was answered already");
      case "full":
        return refuse(
          Refusal_Reason.UNSPECIFIED,
          "this envoy has sent too many requests within ten minutes: wait",
        );
    }
  }
}

function refuse(
  reason: Refusal_Reason,
  message: string,
  serverTime?: SignedBytes,
): { readonly ok: false; readonly refusal: RequestRefusal } {
  const refusal = serverTime ? { reason, message, serverTime } : { reason, message };
  return { ok: false, refusal };
}
