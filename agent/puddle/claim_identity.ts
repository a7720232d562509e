import {
  isPairingProof,
  PAIRING_NONCE_BYTES,
  type PairingTerms,
  provePairing,
} from "../../shared/puddle/pairing_proof.ts";
import type { PeerQuestion, PeerReply } from "../swarm/relay.ts";
import {
  type Claim,
  CLAIM_PATH,
  type ClaimAnswer,
  claimAnswerSchema,
  MAX_HANDED_OVER_BYTES,
} from "./pairing_messages.ts";

/** Room for what is said around an identity, which is JSON within JSON. */
const MAX_ANSWER_BYTES = 2 * MAX_HANDED_OVER_BYTES + 1024;

/** Which identity is claimed. */
export interface WantedIdentity {
  /** The hostname of the machine that has it. */
  readonly host: string;
  /** Its user there. */
  readonly user: string;
  /** The 16 characters of the code. */
  readonly code: string;
}

/** What came of a claim. */
export type ClaimOutcome =
  | { readonly ok: true; readonly content: string }
  | { readonly ok: false; readonly reason: string };

/**
 * Claims an identity of another machine's daemon: proves over mTLS that this side knows the code, and believes what comes
 * back only if the other side proves the same, over the same two certificates.
 */
export async function claimIdentity(
  { host, user, code }: WantedIdentity,
  askPeer: (question: PeerQuestion) => Promise<PeerReply>,
): Promise<ClaimOutcome> {
  const nonce = crypto.getRandomValues(new Uint8Array(PAIRING_NONCE_BYTES)).toHex();
  const begun = await ask({ step: "begin", user, nonce }, host, askPeer);
  if (!begun.ok) return begun;
  if (begun.answer.kind !== "nonce") return unexpected(begun.answer, host);
  const terms: PairingTerms = {
    sourceCertificate: begun.peerFingerprint,
    claimerCertificate: begun.ownFingerprint,
    sourceNonce: begun.answer.nonce,
    claimerNonce: nonce,
    user,
    host,
  };
  const proof = provePairing("claimer", code, terms, undefined);
  const proven = await ask({ step: "prove", user, nonce, proof }, host, askPeer);
  if (!proven.ok) return proven;
  const { answer } = proven;
  if (answer.kind !== "identity") return unexpected(answer, host);
  const isSame = proven.peerFingerprint === begun.peerFingerprint &&
    proven.ownFingerprint === begun.ownFingerprint;
  const content = new TextEncoder().encode(answer.content);
  if (!isSame || !isPairingProof(answer.proof, "source", code, terms, content)) {
    return {
      ok: false,
      reason: `${host} did not prove that it knows the code, so what it sent is not believed`,
    };
  }
  return { ok: true, content: answer.content };
}

type Asked =
  | {
    readonly ok: true;
    readonly answer: ClaimAnswer;
    readonly peerFingerprint: string;
    readonly ownFingerprint: string;
  }
  | { readonly ok: false; readonly reason: string };

async function ask(
  claim: Claim,
  host: string,
  askPeer: (question: PeerQuestion) => Promise<PeerReply>,
): Promise<Asked> {
  const reply = await askPeer({
    host,
    method: "POST",
    path: CLAIM_PATH,
    body: new TextEncoder().encode(JSON.stringify(claim)),
    maxBytes: MAX_ANSWER_BYTES,
  });
  if (!reply.ok) return { ok: false, reason: explainStatus(reply.status, host) ?? reply.reason };
  const parsed = claimAnswerSchema.safeParse(parseJson(reply.body));
  if (!parsed.success || reply.peer.hostname !== host) {
    return { ok: false, reason: `${host} answered with something else than expected` };
  }
  return {
    ok: true,
    answer: parsed.data,
    peerFingerprint: reply.peer.fingerprint,
    ownFingerprint: reply.ownFingerprint,
  };
}

function explainStatus(status: number | undefined, host: string): string | undefined {
  switch (status) {
    case 403:
      return `${host} takes no part in puddles: swarm.puddle.enabled does not admit it, or this machine was evicted`;
    case 404:
      return `${host} does not know of pairing; is its vigo of an older version?`;
    case 503:
      return `${host} is too busy. Try again`;
    default:
      return undefined;
  }
}

function unexpected(answer: ClaimAnswer, host: string): ClaimOutcome {
  const reason = answer.kind === "refused"
    ? `${host} says: ${answer.reason}`
    : `${host} answered out of turn`;
  return { ok: false, reason };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
