import type { PeerIdentity } from "./peers/peer_identity.ts";

/** What peers ask of this machine's daemon, since it needs a user's home, which the engine cannot reach. */
export const RELAY_SERVICES = ["puddle_claim", "poolq_range"] as const;

export type RelayService = typeof RELAY_SERVICES[number];

/** Largest body of a question to a daemon, in bytes. */
export const MAX_RELAYED_QUESTION_BYTES = 16 * 1024;
/** Largest body of an answer, in bytes: a range of messages, and what is said around it. */
export const MAX_RELAYED_ANSWER_BYTES = 8 * 1024 * 1024;
/** Longest path with its query. */
export const MAX_RELAYED_PATH_LENGTH = 1_024;

/** A question of a peer to this machine's daemon. */
export interface RelayedQuestion {
  readonly service: RelayService;
  readonly peer: PeerIdentity;
  /** SHA-256 of the certificate by which this machine was found, as hex. */
  readonly ownFingerprint: string;
  /** With the query. */
  readonly path: string;
  readonly body: Uint8Array;
}

/** The daemon's answer to a question; the body is JSON, and empty with any other status than 200. */
export interface RelayedReply {
  readonly status: number;
  readonly body: Uint8Array;
}

/** The reply to a peer while nobody here can answer it. */
export const NOBODY_ANSWERS: RelayedReply = { status: 503, body: new Uint8Array() };

/** A question of this machine's daemon to a peer. */
export interface PeerQuestion {
  /** The hostname in the peer's certificate. */
  readonly host: string;
  readonly method: "GET" | "POST";
  /** With the query. */
  readonly path: string;
  readonly body?: Uint8Array;
  readonly maxBytes: number;
}

/** What came of a question to a peer. */
export type PeerReply =
  | {
    readonly ok: true;
    readonly peer: PeerIdentity;
    /** SHA-256 of the certificate that this machine showed, as hex. */
    readonly ownFingerprint: string;
    readonly body: Uint8Array;
  }
  /** `status` is absent if nobody answered. */
  | { readonly ok: false; readonly reason: string; readonly status?: number | undefined };
