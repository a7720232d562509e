import { z } from "zod";
import { DOMAIN } from "../canonical/domain.ts";
import { encodeFrame } from "../canonical/frame.ts";
import { isSha256 } from "../crypto/sha256.ts";

/** Longest label, in bytes of UTF-8: a file name on the systems we run on. */
export const MAX_LABEL_BYTES = 255;

/** Whether `label` may stand as a file name below `files/`: checked where entries are made and by every reader. */
export function isLabel(label: string): boolean {
  const sizeBytes = new TextEncoder().encode(label).length;
  return label.isWellFormed() && sizeBytes >= 1 && sizeBytes <= MAX_LABEL_BYTES &&
    // deno-lint-ignore no-control-regex -- control characters are exactly what is refused here
    !label.startsWith(".") && !/[\/\u0000-\u001f\u007f-\u009f]/.test(label);
}

const hex32 = z.string().refine(isSha256, { error: "expected 64 lowercase hex digits" });

/**
 * One cell of the manifest: what `author` says about blob `sha256`. The manifest is a map from (blob, author) to the cell
 * with the highest stamp.
 */
export const manifestEntrySchema = z.strictObject({
  sha256: hex32,
  sizeBytes: z.number().int().min(0).max(2 ** 44),
  chunkSizeBytes: z.number().int().min(64 * 1024).max(256 * 1024 * 1024),
  /** SHA-256 of the concatenated BLAKE2b-512 digests of the chunks. */
  chunksDigest: hex32,
  label: z.string().refine(isLabel, { error: "not a usable label" }),
  /** Target spec (shared/targeting/). */
  target: z.string().min(1).max(4096),
  /** 0 keeps for ever. */
  retentionSecs: z.number().int().min(0).max(100 * 366 * 86_400),
  subsystem: z.enum(["payload"]),
  /** Hostname of the envoy that seeded it, as enrolled. */
  origin: z.string().min(1).max(253),
  createdMs: z.number().int().nonnegative(),
  state: z.enum(["active", "revoked"]),
  /** Hybrid logical clock in ms. */
  stamp: z.number().int().nonnegative(),
  /** ed25519 public key of whoever signed this cell, as hex. */
  author: z.string().regex(/^[0-9a-f]{64}$/),
  /** Over {@linkcode manifestEntryBytes}, as hex. */
  signature: z.string().regex(/^[0-9a-f]{128}$/),
});

export type ManifestEntry = z.infer<typeof manifestEntrySchema>;
export type UnsignedManifestEntry = Omit<ManifestEntry, "signature">;

/** The bytes that the author of an entry signs. */
export function manifestEntryBytes(entry: UnsignedManifestEntry): Uint8Array<ArrayBuffer> {
  return encodeFrame(DOMAIN.manifestEntry, [
    Uint8Array.fromHex(entry.sha256),
    BigInt(entry.sizeBytes),
    BigInt(entry.chunkSizeBytes),
    Uint8Array.fromHex(entry.chunksDigest),
    entry.label,
    entry.target,
    BigInt(entry.retentionSecs),
    entry.subsystem,
    entry.origin,
    BigInt(entry.createdMs),
    entry.state,
    BigInt(entry.stamp),
    Uint8Array.fromHex(entry.author),
  ]);
}
