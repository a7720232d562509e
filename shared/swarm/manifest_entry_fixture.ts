import type { z } from "zod";
import {
  type ManifestEntry,
  manifestEntrySchema,
  type UnsignedManifestEntry,
} from "./manifest_entry.ts";

/** What a test says otherwise than {@linkcode UNSIGNED_ENTRY}; digests need not be branded. */
export type EntryFields = Partial<z.input<typeof manifestEntrySchema>>;

/** An entry as an envoy called web-1 would write it. */
export const UNSIGNED_ENTRY: UnsignedManifestEntry = manifestEntrySchema
  .omit({ signature: true }).parse({
    sha256: "a".repeat(64),
    sizeBytes: 5,
    chunkSizeBytes: 1024 * 1024,
    chunksDigest: "b".repeat(64),
    label: "app.tar",
    target: "*",
    retentionSecs: 0,
    subsystem: "payload",
    origin: "web-1",
    createdMs: 1,
    state: "active",
    stamp: 1,
    author: "c".repeat(64),
  });

/** An entry for tests that look at no signature: the one it has is nobody's. */
export function manifestEntry(fields: EntryFields = {}): ManifestEntry {
  return manifestEntrySchema.parse({
    ...UNSIGNED_ENTRY,
    signature: "d".repeat(128),
    ...fields,
  });
}
