import { type Sha256, sha256Hex } from "../../shared/crypto/sha256.ts";
import { puddleLineSchema } from "./puddle_lines.ts";
import { ScanError, type ScannedUser, type UserScans } from "./user_scans.ts";

/** How long a nonce may be answered, in ms. */
const NONCE_LIFETIME_MS = 10_000;
/** Proven requests of one user in a minute. */
const MAX_PROVEN = 30;
const MINUTE_MS = 60_000;
/** Users whose requests are counted. */
const MAX_COUNTED = 1_000;

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

/** A nonce that was handed out for a user. */
export interface Challenge {
  readonly nonce: string;
  /** Judges the request that followed on the same connection; once. */
  judge(): Promise<ProofVerdict>;
}

/**
 * Who is at the other end of the open socket. The runtime does not tell, so a caller shows that it can make a file as the
 * user it says it is: it gets a nonce for that user, good for one request on the same connection within ten seconds, and
 * makes a file named after the nonce's SHA-256 in that user's home; a child process of that user looks for it.
 */
export class UserProofs {
  readonly #parts: UserProofParts;
  /** By user: when its proven requests of the last minute were. */
  readonly #proven = new Map<string, number[]>();

  constructor(parts: UserProofParts) {
    this.#parts = parts;
  }

  /** A nonce for a user, to be answered on the connection that asked. */
  challenge(name: string): Challenge {
    const nonce = crypto.getRandomValues(new Uint8Array(32)).toHex();
    const untilMs = this.#parts.nowMs() + NONCE_LIFETIME_MS;
    let isUsed = false;
    return {
      nonce,
      judge: async () => {
        if (isUsed || untilMs < this.#parts.nowMs()) {
          return refuse(403, "the request came too late to be proven. Try again");
        }
        isUsed = true;
        return await this.#judge(name, nonce);
      },
    };
  }

  async #judge(name: string, nonce: string): Promise<ProofVerdict> {
    const user = await this.#parts.find(name);
    if (!user) return refuse(403, `there is no user ${name} on this machine`);
    const problem = await this.#look(user, sha256Hex(Uint8Array.fromHex(nonce)));
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
