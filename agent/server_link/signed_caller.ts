import { REQUEST_NONCE_BYTES, type SignedMethod } from "../../shared/canonical/envoy_frames.ts";
import type { Signer, Verifier } from "../../shared/crypto/ed25519.ts";
import { Refusal_Reason, type SignedRequest } from "../../shared/proto/agent.ts";
import { acceptServerTime } from "../enroll/server_clock.ts";
import type { CallOutcome, ServerGateway, UnaryMethod } from "./server_gateway.ts";
import { signRequest } from "./sign_request.ts";

/** Attempts at one call: the first, one after a clock correction, one more after a new nonce was asked for. */
const MAX_ATTEMPTS = 3;

/** Signs calls as this envoy. */
export interface SignedCallerOptions {
  readonly gateway: ServerGateway;
  readonly envoyUuid: string;
  readonly signer: Signer;
  readonly serverVerifier: Verifier;
  /** Server time minus local time, in ms, as last learned. */
  clockOffsetMs: number;
  nowMs(): number;
  /** Told of each new offset, to be kept. */
  onClockOffset(offsetMs: number): void;
}

/**
 * Makes signed calls. What a server may ask for before it answers is done here: a corrected clock, believed only with its
 * signature over this request's nonce, and a fresh nonce.
 */
export class SignedCaller {
  readonly #options: SignedCallerOptions;
  #clockOffsetMs: number;

  constructor(options: SignedCallerOptions) {
    this.#options = options;
    this.#clockOffsetMs = options.clockOffsetMs;
  }

  get clockOffsetMs(): number {
    return this.#clockOffsetMs;
  }

  /** Takes over an offset that was learned elsewhere, if it differs. */
  correctClock(offsetMs: number): void {
    if (offsetMs === this.#clockOffsetMs) return;
    this.#clockOffsetMs = offsetMs;
    this.#options.onClockOffset(offsetMs);
  }

  /** Local time corrected by what the server last said. */
  serverTimeMs(): number {
    return Math.max(0, Math.round(this.#options.nowMs() + this.#clockOffsetMs));
  }

  sign(method: SignedMethod, body: Uint8Array): SignedRequest {
    const nonce = crypto.getRandomValues(new Uint8Array(REQUEST_NONCE_BYTES));
    const { envoyUuid, signer } = this.#options;
    return signRequest(
      { envoyUuid, method, timestampMs: this.serverTimeMs(), nonce, body },
      signer,
    );
  }

  call(method: UnaryMethod, body: Uint8Array): Promise<CallOutcome<Uint8Array>> {
    const { gateway } = this.#options;
    return this.#attempt(method, body, (request) => gateway.call(method, request));
  }

  /** Asks for bytes of a blob. */
  fetchBlob(body: Uint8Array, lengthBytes: number): Promise<CallOutcome<Uint8Array>> {
    const { gateway } = this.#options;
    return this.#attempt(
      "FetchBlob",
      body,
      (request) => gateway.fetchBlob(request, lengthBytes),
    );
  }

  async #attempt(
    method: SignedMethod,
    body: Uint8Array,
    send: (request: SignedRequest) => Promise<CallOutcome<Uint8Array>>,
  ): Promise<CallOutcome<Uint8Array>> {
    for (let attempt = 1;; attempt++) {
      const request = this.sign(method, body);
      const outcome = await send(request);
      if (outcome.ok || attempt === MAX_ATTEMPTS) return outcome;
      if (!this.#mayRetry(request, outcome.failure.refusal)) return outcome;
    }
  }

  #mayRetry(
    request: SignedRequest,
    refusal: { reason: Refusal_Reason; serverTime: unknown } | undefined,
  ): boolean {
    switch (refusal?.reason) {
      case Refusal_Reason.RETRY_NEW_NONCE:
      case Refusal_Reason.REPLAY:
        return true;
      case Refusal_Reason.CLOCK:
        return this.#learnClock(request, refusal.serverTime);
      default:
        return false;
    }
  }

  #learnClock(request: SignedRequest, signed: unknown): boolean {
    if (!isSigned(signed)) return false;
    const verdict = acceptServerTime(signed, request.nonce, this.#options.serverVerifier);
    if (!verdict.ok) return false;
    this.correctClock(Math.round(verdict.timeMs - this.#options.nowMs()));
    return true;
  }
}

function isSigned(value: unknown): value is { payload: Uint8Array; signature: Uint8Array } {
  return typeof value === "object" && value !== null && "payload" in value && "signature" in value;
}
