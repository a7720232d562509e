import { z } from "zod";

/** What tells whether a file is still the one that was hashed. */
export const fileIdentitySchema = z.object({
  device: z.number(),
  inode: z.number(),
  sizeBytes: z.number(),
  modifiedMs: z.number(),
  changedMs: z.number(),
});
export type FileIdentity = z.infer<typeof fileIdentitySchema>;

/** What is known about one file in `seed/`. */
export const seedRecordSchema = z.object({
  identity: fileIdentitySchema,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  chunkSizeBytes: z.number(),
  chunksDigest: z.string().regex(/^[0-9a-f]{64}$/),
  /** Stamp of the active entry that stands for it, this envoy's or another seeder's; absent before there was one. */
  stamp: z.number().optional(),
  /** Key that the stamp is of, hex: an envoy that was enrolled anew registers its seeds again. */
  author: z.string().optional(),
});
export type SeedRecord = z.infer<typeof seedRecordSchema>;

/** `seeds.json`: survives restarts, so that nothing is hashed twice and an absence is told from a removal. */
export const seedsFileSchema = z.object({
  schema: z.literal(1),
  folder: z.object({ device: z.number(), inode: z.number() }),
  seeds: z.record(z.string(), seedRecordSchema),
});
export type SeedsFile = z.infer<typeof seedsFileSchema>;

export function identityOf(info: Deno.FileInfo): FileIdentity {
  return {
    device: info.dev,
    inode: info.ino ?? 0,
    sizeBytes: info.size,
    modifiedMs: info.mtime?.getTime() ?? 0,
    changedMs: info.ctime?.getTime() ?? 0,
  };
}

export function sameFile(one: FileIdentity, other: FileIdentity): boolean {
  return one.device === other.device && one.inode === other.inode &&
    one.sizeBytes === other.sizeBytes && one.modifiedMs === other.modifiedMs &&
    one.changedMs === other.changedMs;
}
