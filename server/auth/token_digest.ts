import { timingSafeEqual } from "node:crypto";
import { sha256 } from "../../shared/crypto/sha256.ts";

/**
 * SHA-256 of a token. Tokens have 256 random bits, so a plain hash cannot be searched; and what is stored or held in
 * memory cannot be presented.
 */
export class TokenDigest {
  readonly #digest: Uint8Array;

  private constructor(digest: Uint8Array) {
    this.#digest = digest;
  }

  static of(token: string): TokenDigest {
    return new TokenDigest(sha256(token));
  }

  /** Whether `token` is the one; takes the same time wherever they differ. */
  matches(token: string): boolean {
    return timingSafeEqual(sha256(token), this.#digest);
  }
}
