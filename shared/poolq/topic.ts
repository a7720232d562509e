import { createHash } from "node:crypto";
import { isSha256, type Sha256 } from "../crypto/sha256.ts";

/** Longest topic name, in characters. */
export const MAX_TOPIC_NAME_LENGTH = 64;

/**
 * What is wrong with a topic name, as the end of a sentence; `undefined` if nothing is. A name of 64 lowercase hex digits
 * is refused because commands would read it as a topic id.
 */
export function topicNameProblem(name: string): string | undefined {
  if (isSha256(name)) return "64 lowercase hex digits are read as a topic id";
  if (name.length > MAX_TOPIC_NAME_LENGTH) {
    return `it has ${name.length} characters, and at most ${MAX_TOPIC_NAME_LENGTH} are allowed`;
  }
  if (!/^[A-Za-z0-9._-]+$/.test(name)) {
    return "use 1 to 64 ASCII letters, digits, hyphens, underscores and dots";
  }
  return undefined;
}

export function isTopicName(name: string): boolean {
  return topicNameProblem(name) === undefined;
}

/**
 * The id of a topic for its whole life: SHA-256 of the founder's raw public key and the name, with nothing between them.
 * The key has a fixed length, so no two pairs share their bytes.
 *
 * @param founderPubkey ed25519, 64 lowercase hex digits.
 */
export function topicId(founderPubkey: string, topicName: string): Sha256 {
  // Proven by construction: 32 bytes printed as hex.
  return createHash("sha256").update(Uint8Array.fromHex(founderPubkey)).update(topicName)
    .digest("hex") as Sha256;
}
