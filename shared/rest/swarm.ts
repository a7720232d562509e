import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { pageOf, pageQuery } from "./page.ts";

const sha = z.string().regex(/^[0-9a-f]{64}$/);

export const filecastSchema = z.object({
  sha256: sha,
  label: z.string(),
  sizeBytes: z.number().int(),
  chunks: z.number().int(),
  target: z.string(),
  retentionSecs: z.number().int(),
  origin: z.string(),
  state: z.enum(["active", "revoked"]),
  createdAtMs: z.number(),
  complete: z.number().int(),
  downloading: z.number().int(),
  pending: z.number().int(),
  skipped: z.number().int(),
});
export type Filecast = z.infer<typeof filecastSchema>;

export const BLOB_STATUSES = [
  "pending",
  "downloading",
  "complete",
  "skipped",
  "revoking",
  "revoked",
] as const;

export const filecastHostSchema = z.object({
  hostname: z.string(),
  status: z.enum(BLOB_STATUSES),
  chunksHave: z.number().int(),
  chunksTotal: z.number().int(),
  skipReason: z.string(),
  /** Chunks by where they came from: a hostname, `cached` or `server`. */
  sources: z.record(z.string(), z.number().int()),
  origin: z.boolean(),
});
export type FilecastHost = z.infer<typeof filecastHostSchema>;

/** The body is the file itself, streamed. */
export const filecastDistribute = endpoint({
  method: "POST",
  path: "/swarm/filecasts",
  summary: "Hand a file to the server's own envoy, which seeds it",
  permission: "fleet.write",
  query: z.object({
    label: z.string().min(1).max(255),
    target: z.string().min(1).max(4096),
    /** `0`, `<n>h` or `<n>d`. */
    retention: z.string().regex(/^(0|[1-9][0-9]{0,5}[hd])$/, {
      error: "expected 0, <n>h or <n>d",
    }).default("7d"),
    sizeBytes: z.coerce.number().int().nonnegative(),
  }),
  body: z.undefined(),
  answer: z.object({
    sha256: sha,
    label: z.string(),
    sizeBytes: z.number().int(),
    targets: z.array(z.string()),
    /** The active entry that the same content had before; `null` if it had none. */
    former: z.object({
      label: z.string(),
      target: z.string(),
      retentionSecs: z.number().int(),
      /** Whoever seeds it. Its entry goes on to count, unless it is the server's own host. */
      origin: z.string(),
      replaced: z.boolean(),
    }).nullable(),
  }),
});

export const filecastList = endpoint({
  method: "GET",
  path: "/swarm/filecasts",
  summary: "List filecasts, newest first",
  permission: "fleet.view",
  query: pageQuery(),
  body: z.undefined(),
  answer: pageOf({ filecasts: z.array(filecastSchema) }),
});

/** `:sha` is a SHA-256 or a unique prefix of at least 8 digits. */
export const filecastShow = endpoint({
  method: "GET",
  path: "/swarm/filecasts/:sha",
  summary: "Show how far a filecast has come on each envoy",
  permission: "fleet.view",
  query: z.object({}),
  body: z.undefined(),
  answer: z.object({ filecast: filecastSchema, hosts: z.array(filecastHostSchema) }),
});

export const filecastRevoke = endpoint({
  method: "POST",
  path: "/swarm/filecasts/:sha/revoke",
  summary: "Revoke a filecast everywhere",
  permission: "fleet.write",
  query: z.object({}),
  body: z.strictObject({}),
  answer: z.object({ sha256: sha, label: z.string() }),
});

export const filecastPurge = endpoint({
  method: "POST",
  path: "/swarm/purge",
  summary: "Forget revoked filecasts that are past retention",
  permission: "fleet.write",
  query: z.object({}),
  body: z.strictObject({}),
  answer: z.object({
    forgotten: z.array(z.object({ sha256: sha, label: z.string() })),
    /** Revoked ones that some machine may not have heard of yet. */
    kept: z.number().int(),
  }),
});

/** A seed that an envoy may not or cannot originate. */
export const brokenSeedSchema = z.object({
  hostname: z.string(),
  label: z.string(),
  reason: z.string(),
});
export type BrokenSeed = z.infer<typeof brokenSeedSchema>;

/** An active filecast that no online envoy holds whole. */
export const brokenFilecastSchema = z.object({
  sha256: sha,
  label: z.string(),
  origin: z.string(),
  reason: z.string(),
  /** Offline envoys that held it whole when they were last heard, at most 16. */
  heldBy: z.array(z.string()),
});
export type BrokenFilecast = z.infer<typeof brokenFilecastSchema>;

export const filecastBroken = endpoint({
  method: "GET",
  path: "/swarm/broken",
  summary: "List seeds that are refused and filecasts that nobody online holds whole",
  permission: "fleet.view",
  query: pageQuery().extend({ cursor: z.string().min(1).max(4096).optional() }),
  body: z.undefined(),
  answer: pageOf({
    /** At most `limit` of each. */
    seeds: z.array(brokenSeedSchema),
    filecasts: z.array(brokenFilecastSchema),
    seedsTotal: z.number().int(),
    filecastsTotal: z.number().int(),
  }),
});
