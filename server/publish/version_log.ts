import { z } from "zod";
import type { Sha256 } from "../../shared/crypto/sha256.ts";

/** One publish or rollback. Records are never changed. */
export interface VersionRecord {
  readonly version: Sha256;
  readonly publishedAtMs: number;
  /** The authenticated principal. */
  readonly publishedBy: string;
  readonly message: string;
  /** The version that was put back, for a rollback. */
  readonly rollbackOf: Sha256 | null;
}

/** Where publishes are recorded for good; append only. */
export interface VersionLog {
  append(record: VersionRecord): Promise<void>;
  /** Newest first, at most `limit`. */
  list(limit: number): Promise<readonly VersionRecord[]>;
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/).transform((text) => text as Sha256 // Proven by the pattern.
);

/** A record as it stands on disk. */
export const versionRecordSchema = z.strictObject({
  version: sha256,
  publishedAtMs: z.number().int().nonnegative(),
  publishedBy: z.string().max(256),
  message: z.string().max(500),
  rollbackOf: sha256.nullable(),
});
