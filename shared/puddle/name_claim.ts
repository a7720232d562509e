import { z } from "zod";
import { DOMAIN } from "../canonical/domain.ts";
import { encodeFrame } from "../canonical/frame.ts";
import type { Signer } from "../crypto/ed25519.ts";
import { puddleKeySchema, puddleSignatureSchema } from "./puddle_key.ts";
import { verifySignature } from "./verify_signature.ts";

/** Longest name of a puddle, in characters. */
export const MAX_PUDDLE_NAME_LENGTH = 64;

/** Why `name` cannot be the name of a puddle; nothing if it can. */
export function problemOfPuddleName(name: string): string | undefined {
  if (name.length > MAX_PUDDLE_NAME_LENGTH) {
    return `it has ${name.length} characters, at most ${MAX_PUDDLE_NAME_LENGTH} are allowed`;
  }
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(name)) {
    return 'it must begin with a letter or digit and consist of a-z, 0-9, ".", "_" and "-"';
  }
  return /^[0-9a-f]{64}$/.test(name) ? "it reads as a public key" : undefined;
}

/** "This puddle is called so", signed by the puddle. The last one by its own time counts; who else says it contests it. */
export const nameClaimSchema = z.strictObject({
  schema: z.literal(1),
  publicKey: puddleKeySchema,
  name: z.string().max(MAX_PUDDLE_NAME_LENGTH).refine(
    (name) => problemOfPuddleName(name) === undefined,
    { error: "not a usable name" },
  ),
  /** In ms since 1970: orders the claims of one key, never those of two. */
  claimedAtMs: z.number().int().nonnegative(),
  /** Over {@linkcode nameClaimBytes}. */
  signature: puddleSignatureSchema,
});

export type NameClaim = z.infer<typeof nameClaimSchema>;

/** The bytes that a puddle signs to claim a name: public key, name, time in ms. */
export function nameClaimBytes(claim: Omit<NameClaim, "signature">): Uint8Array<ArrayBuffer> {
  return encodeFrame(DOMAIN.puddleName, [
    Uint8Array.fromHex(claim.publicKey),
    claim.name,
    BigInt(claim.claimedAtMs),
  ]);
}

/** @throws {z.ZodError} if the name is not usable. */
export function signNameClaim(signer: Signer, name: string, claimedAtMs: number): NameClaim {
  const unsigned = {
    schema: 1 as const,
    publicKey: signer.publicKey.toHex(),
    name,
    claimedAtMs,
  };
  const signature = signer.sign(nameClaimBytes(unsigned)).toHex();
  return nameClaimSchema.parse({ ...unsigned, signature });
}

/** Whether the key that it names signed it. Parse it with {@linkcode nameClaimSchema} first. */
export function verifyNameClaim(claim: NameClaim): boolean {
  return verifySignature(claim.publicKey, nameClaimBytes(claim), claim.signature);
}
