import { MAX_PAIRING_ATTEMPTS, PAIRING_LIFETIME_MS } from "../../shared/puddle/pairing_code.ts";
import {
  isPairingProof,
  PAIRING_NONCE_BYTES,
  type PairingTerms,
  provePairing,
} from "../../shared/puddle/pairing_proof.ts";
import type { Claim, ClaimAnswer } from "./pairing_messages.ts";

/** Users of one machine with an offer at a time. */
const MAX_OFFERS = 64;
/** Machines that may have begun to claim one offer. */
const MAX_BEGUN = 16;
/** Offers that have ended and are still told about. */
const MAX_ENDED = 64;

/** What became of an offer. */
export type OfferEnd =
  | { readonly state: "claimed"; readonly by: string }
  | { readonly state: "withdrawn" }
  | { readonly state: "expired" };

/** How an offer stands; `none` if there was none lately. */
export type OfferState =
  | { readonly state: "open"; readonly attemptsLeft: number; readonly endsInMs: number }
  | OfferEnd
  | { readonly state: "none" };

interface Offer {
  readonly code: string;
  readonly content: string;
  readonly endsAtMs: number;
  attemptsLeft: number;
  /** By UUID of the claimer: both nonces. */
  readonly begun: Map<string, { readonly claimerNonce: string; readonly sourceNonce: string }>;
}

/** Who claims, over which connection. */
export interface Claimer {
  readonly uuid: string;
  readonly hostname: string;
  readonly fingerprint: string;
  /** SHA-256 of the certificate by which it found this machine. */
  readonly ownFingerprint: string;
}

/**
 * The offers of one machine to hand identities over. An offer stands for five minutes, is good for one claim, and is
 * withdrawn at the fifth wrong code, whoever sent it. The machine proves that it knows the code only to one that has.
 */
export class PairingDesk {
  readonly #offers = new Map<string, Offer>();
  readonly #ended = new Map<string, OfferEnd>();
  readonly #nowMs: () => number;

  /** @param nowMs A clock that nobody sets back. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /**
   * Opens the offer of a user, in the place of the one before.
   *
   * @returns for how long it stands in ms, or nothing if too many users have one.
   */
  open(user: string, code: string, content: string): number | undefined {
    this.#expire();
    if (!this.#offers.has(user) && this.#offers.size >= MAX_OFFERS) return undefined;
    this.#ended.delete(user);
    this.#offers.set(user, {
      code,
      content,
      endsAtMs: this.#nowMs() + PAIRING_LIFETIME_MS,
      attemptsLeft: MAX_PAIRING_ATTEMPTS,
      begun: new Map(),
    });
    return PAIRING_LIFETIME_MS;
  }

  /** Ends the offer of a user, if there is one. */
  withdraw(user: string): void {
    if (this.#offers.has(user)) this.#end(user, { state: "withdrawn" });
  }

  state(user: string): OfferState {
    this.#expire();
    const offer = this.#offers.get(user);
    if (!offer) return this.#ended.get(user) ?? { state: "none" };
    const { attemptsLeft, endsAtMs } = offer;
    return { state: "open", attemptsLeft, endsInMs: endsAtMs - this.#nowMs() };
  }

  /** Answers a claim. @param host The name of this machine, as enrolled. */
  answer(claim: Claim, claimer: Claimer, host: string): ClaimAnswer {
    this.#expire();
    const offer = this.#offers.get(claim.user);
    if (!offer) {
      return refuse(
        `no offer of ${claim.user} stands on ${host}. Run "vigo swarm puddle pair" there, and use its code within five minutes`,
      );
    }
    if (claim.step === "begin") return begin(offer, claimer.uuid, claim.nonce);
    const nonces = offer.begun.get(claimer.uuid);
    if (nonces?.claimerNonce !== claim.nonce) return refuse("this claim has not begun. Try again");
    // Each attempt is over nonces of its own.
    offer.begun.delete(claimer.uuid);
    const terms: PairingTerms = {
      sourceCertificate: claimer.ownFingerprint,
      claimerCertificate: claimer.fingerprint,
      ...nonces,
      user: claim.user,
      host,
    };
    if (!isPairingProof(claim.proof, "claimer", offer.code, terms, undefined)) {
      return this.#countWrong(claim.user, offer);
    }
    this.#end(claim.user, { state: "claimed", by: claimer.hostname });
    const bytes = new TextEncoder().encode(offer.content);
    return {
      kind: "identity",
      proof: provePairing("source", offer.code, terms, bytes),
      content: offer.content,
    };
  }

  #countWrong(user: string, offer: Offer): ClaimAnswer {
    offer.attemptsLeft -= 1;
    if (offer.attemptsLeft > 0) {
      return refuse(`the code is wrong; ${offer.attemptsLeft} attempts are left`);
    }
    this.#end(user, { state: "withdrawn" });
    return refuse(
      `the code was wrong ${MAX_PAIRING_ATTEMPTS} times, so the offer is withdrawn. Make another with "vigo swarm puddle pair"`,
    );
  }

  #expire(): void {
    const nowMs = this.#nowMs();
    for (const [user, { endsAtMs }] of this.#offers) {
      if (endsAtMs <= nowMs) this.#end(user, { state: "expired" });
    }
  }

  #end(user: string, end: OfferEnd): void {
    this.#offers.delete(user);
    this.#ended.delete(user);
    this.#ended.set(user, end);
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= MAX_ENDED) break;
      this.#ended.delete(oldest);
    }
  }
}

function begin(offer: Offer, uuid: string, claimerNonce: string): ClaimAnswer {
  if (!offer.begun.has(uuid) && offer.begun.size >= MAX_BEGUN) {
    return refuse("too many machines claim this offer. Make another one");
  }
  const sourceNonce = crypto.getRandomValues(new Uint8Array(PAIRING_NONCE_BYTES)).toHex();
  offer.begun.set(uuid, { claimerNonce, sourceNonce });
  return { kind: "nonce", nonce: sourceNonce };
}

function refuse(reason: string): ClaimAnswer {
  return { kind: "refused", reason };
}
