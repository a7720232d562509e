import { z } from "zod";
import { type Sha256, sha256Hex } from "../../shared/crypto/sha256.ts";
import { puddleLineSchema } from "../user_scan/puddle_lines.ts";
import { ScanError, type ScannedUser, type UserScans } from "../user_scan/user_scans.ts";

/** How long a nonce may be answered, in ms. */
const NONCE_LIFETIME_MS = 10_000;
/** Proven requests of one user in a minute. */
const MAX_PROVEN = 10;
const MINUTE_MS = 60_000;
/** Users whose requests are counted. */
const MAX_COUNTED = 1_000;

/** A nonce as it is handed out: 32 bytes as hex. */
export const proofNonceSchema = z.strictObject({ nonce: z.string().regex(/^[0-9a-f]{64}$/) });

/** Whether a request is a user's own. */
export type ProofVerdict =
  | { readonly ok: true; readonly user: ScannedUser }
  | { readonly ok: false; readonly status: 403 | 429 | 503; readonly reason: string };

/** What proofs are judged with. */
export interface UserProofParts {
  readonly scans: Pick<UserScans, "run">;
  find(name: string): Promise<ScannedUser | undefined>;
  /** A clock that nobody sets back. */
  nowMs(): number;
}

/**
 * Who is at the other end of the open socket. The runtime does not tell, so a caller shows that it can make a file as the
 * user it says it is: it gets a nonce for that user, good for one request on the same connection within ten seconds, and
 * makes a file named after the nonce's SHA-256 in that user's home; a child process of that user looks for it.
 */
export class UserProofs {
  readonly #parts: UserProofParts;
  readonly #issued = new WeakMap<
    object,
    { readonly nonce: string; readonly user: string; readonly untilMs: number }
  >();
  /** By user: when its proven requests of the last minute were. */
  readonly #proven = new Map<string, number[]>();

  constructor(parts: UserProofParts) {
    this.#parts = parts;
  }

  /** A nonce for a user, in the place of the one that this connection had. */
  issue(connection: object, user: string): string {
    const nonce = crypto.getRandomValues(new Uint8Array(32)).toHex();
    this.#issued.set(connection, {
      nonce,
      user,
      untilMs: this.#parts.nowMs() + NONCE_LIFETIME_MS,
    });
    return nonce;
  }

  /** Judges a request that says to be a user's, and takes the connection's nonce away. */
  async judge(connection: object, name: string): Promise<ProofVerdict> {
    const issued = this.#issued.get(connection);
    this.#issued.delete(connection);
    if (issued?.user !== name || issued.untilMs < this.#parts.nowMs()) {
      return refuse(403, "the request is not proven: ask for a nonce first. Try again");
    }
    const user = await this.#parts.find(name);
    if (!user) return refuse(403, `there is no user ${name} on this machine`);
    const problem = await this.#look(user, sha256Hex(Uint8Array.fromHex(issued.nonce)));
    if (problem !== undefined) return problem;
    return this.#count(name)
      ? { ok: true, user }
      : refuse(429, `${name} asks too often. Wait a minute`);
  }

  async #look(user: ScannedUser, name: Sha256): Promise<ProofVerdict & { ok: false } | undefined> {
    let reason: string | undefined = "the look into the home said nothing";
    try {
      await this.#parts.scans.run(user, { kind: "puddle_proof", home: user.home, name }, (said) => {
        const line = puddleLineSchema.parse(said);
        if (line.kind === "proof") reason = line.isProven ? undefined : line.reason;
      });
    } catch (error) {
      if (!(error instanceof ScanError)) throw error;
      return refuse(503, error.message);
    }
    return reason === undefined
      ? undefined
      : refuse(403, `the request is not proven to be ${user.name}'s: ${reason}`);
  }

  #count(user: string): boolean {
    const nowMs = this.#parts.nowMs();
    const lately = (this.#proven.get(user) ?? []).filter((atMs) => nowMs - atMs < MINUTE_MS);
    if (lately.length >= MAX_PROVEN) return false;
    this.#proven.delete(user);
    this.#proven.set(user, [...lately, nowMs]);
    for (const oldest of this.#proven.keys()) {
      if (this.#proven.size <= MAX_COUNTED) break;
      this.#proven.delete(oldest);
    }
    return true;
  }
}

function refuse(status: 403 | 429 | 503, reason: string): ProofVerdict & { ok: false } {
  return { ok: false, status, reason };
}
