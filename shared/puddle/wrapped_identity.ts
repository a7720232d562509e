import { z } from "zod";
import { DOMAIN } from "../canonical/domain.ts";
import { encodeFrame } from "../canonical/frame.ts";
import { puddleKeySchema } from "./puddle_key.ts";

/** Length of the salt, in bytes (RFC 9106, section 3.1 recommends 16). */
export const WRAP_SALT_BYTES = 16;
/** Length of the nonce of XChaCha20-Poly1305, in bytes. */
export const WRAP_NONCE_BYTES = 24;

/** How hard a passphrase is to try. A file that names more than the upper bounds is refused, not obeyed. */
export const wrapCostSchema = z.strictObject({
  memoryKib: z.number().int().min(8).max(1024 * 1024),
  iterations: z.number().int().min(1).max(100),
  parallelism: z.literal(1),
});

export type WrapCost = z.infer<typeof wrapCostSchema>;

/** What every identity is wrapped with: 64 MiB, three passes. */
export const WRAP_COST: WrapCost = { memoryKib: 64 * 1024, iterations: 3, parallelism: 1 };

/** What stands before the ciphertext of `identity.wrapped`. All of it is authenticated with the ciphertext. */
export const wrappedHeaderSchema = z.strictObject({
  /** Of the header: another value is another layout. */
  version: z.literal(1),
  kdf: z.literal("argon2id"),
  cost: wrapCostSchema,
  cipher: z.literal("xchacha20-poly1305"),
  /** 24 bytes as hex. */
  nonce: z.string().regex(/^[0-9a-f]{48}$/),
  /** The public half of what is wrapped. */
  publicKey: puddleKeySchema,
});

export type WrappedHeader = z.infer<typeof wrappedHeaderSchema>;

/** The file `identity.wrapped`, as JSON. The salt is in `identity.salt`. */
export const wrappedIdentitySchema = z.strictObject({
  header: wrappedHeaderSchema,
  /** The 32 bytes of the private seed and the tag of 16 bytes, encrypted, as hex. */
  ciphertext: z.string().regex(/^[0-9a-f]{96}$/),
});

export type WrappedIdentity = z.infer<typeof wrappedIdentitySchema>;

/** Largest `identity.wrapped`, in bytes. */
export const MAX_WRAPPED_BYTES = 4096;

/** The associated data: every field of the header, and the salt. */
export function wrappedHeaderBytes(
  header: WrappedHeader,
  salt: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return encodeFrame(DOMAIN.puddleWrapped, [
    BigInt(header.version),
    header.kdf,
    BigInt(header.cost.memoryKib),
    BigInt(header.cost.iterations),
    BigInt(header.cost.parallelism),
    header.cipher,
    Uint8Array.fromHex(header.nonce),
    Uint8Array.fromHex(header.publicKey),
    salt,
  ]);
}
