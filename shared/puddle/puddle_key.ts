import { z } from "zod";

/** A puddle is known by its public key: ed25519, 32 bytes as 64 lowercase hex digits. */
export const puddleKeySchema = z.string().regex(/^[0-9a-f]{64}$/, {
  error: "expected an ed25519 public key of 64 lowercase hex digits",
});

/** An ed25519 signature, 64 bytes as 128 lowercase hex digits. */
export const puddleSignatureSchema = z.string().regex(/^[0-9a-f]{128}$/, {
  error: "expected a signature of 128 lowercase hex digits",
});

/** Digits of a key that people are shown where a whole one is too long; never enough to believe anything. */
const SHORT_DIGITS = 12;

/** The first digits of a key, for people. */
export function shortPuddleKey(key: string): string {
  return key.slice(0, SHORT_DIGITS);
}
