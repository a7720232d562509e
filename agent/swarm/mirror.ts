import { z } from "zod";
import { SWARM_SUBSYSTEMS } from "../../shared/config/envoy_document.ts";
import { manifestEntrySchema } from "../../shared/swarm/manifest_entry.ts";
import { readIfPresent } from "./blobs/chunk_file.ts";
import { SwarmPaths } from "./swarm_paths.ts";
import { chunkDetailSchema } from "./blobs/slowest_chunks.ts";

const sha = z.string().regex(/^[0-9a-f]{64}$/);

export const blobStateSchema = z.object({
  sha256: sha,
  label: z.string(),
  sizeBytes: z.number(),
  target: z.string(),
  origin: z.string(),
  status: z.enum(["pending", "downloading", "complete", "skipped", "revoking", "revoked"]),
  chunksHave: z.number(),
  chunksTotal: z.number(),
  skipReason: z.string(),
  /** Chunks by hostname, `cached` or `server`. */
  sources: z.record(z.string(), z.number()),
  /** Whether this envoy originates it. */
  isSeed: z.boolean(),
  /** When it was complete here, ms since 1970; absent before. */
  completedMs: z.number().optional(),
  retentionSecs: z.number(),
  /** Time spent downloading, in ms. */
  activeDownloadMs: z.number(),
  /** The chunks that took longest; only of the blobs that were fetched last. */
  slowest: z.array(chunkDetailSchema).optional(),
  /** Hostnames of peers known to hold at least a part. */
  holders: z.array(z.string()),
});
export type BlobState = z.infer<typeof blobStateSchema>;

/** `state.json`: what the engine is allowed to do and does. */
export const swarmStateSchema = z.object({
  schema: z.literal(1),
  envoyUuid: z.string(),
  hostname: z.string(),
  /** Engine start that wrote this. */
  instance: z.string(),
  updatedMs: z.number(),
  /** When the server last answered a check-in, ms by the local clock; `null` if it never has. */
  lastCheckinMs: z.number().nullable(),
  gates: z.object({
    enabled: z.boolean(),
    seeder: z.boolean(),
    subsystems: z.partialRecord(z.enum(SWARM_SUBSYSTEMS), z.boolean()),
  }),
  fleetSerial: z.number(),
  envoySerial: z.number(),
  /** Where the peer server listens; absent while it does not. */
  listening: z.object({ address: z.string(), port: z.number() }).optional(),
  multicast: z.object({
    state: z.enum(["off", "running", "failed"]),
    interfaces: z.array(z.string()),
    problem: z.string().optional(),
  }),
  /** Why the engine cannot start although its gate is open; it goes on trying. */
  problem: z.string().optional(),
  /** Why nothing is seeded, served or gossiped until the server hands over its manifest; absent while all runs. */
  quiet: z.string().optional(),
  manifest: z.object({
    digest: z.string(),
    version: z.number(),
    active: z.number(),
    revoked: z.number(),
  }),
  peerCount: z.number(),
  blobs: z.array(blobStateSchema),
  problems: z.array(z.object({ label: z.string(), reason: z.string() })),
});
export type SwarmState = z.infer<typeof swarmStateSchema>;

/** `manifest.json`: every cell, held ones included. */
export const manifestFileSchema = z.object({
  schema: z.literal(1),
  digest: z.string(),
  /** When it was last compared to the end with anybody, and with the server, ms by the server's clock. */
  syncedMs: z.number().optional(),
  serverMs: z.number().optional(),
  entries: z.array(manifestEntrySchema),
});
export type ManifestFile = z.infer<typeof manifestFileSchema>;

/** `peers.json`: peers that proved who they are, and where. */
export const peersFileSchema = z.object({
  schema: z.literal(1),
  peers: z.array(z.object({
    uuid: z.string(),
    hostname: z.string(),
    address: z.string(),
    port: z.number().int().min(1).max(65_535),
    source: z.enum(["multicast", "exchange", "server", "inbound", "remembered"]),
    provenMs: z.number(),
    /** It does not answer now, and is tried now and then. */
    absent: z.boolean().optional(),
  })),
});
export type PeersFile = z.infer<typeof peersFileSchema>;

/** What a mirror file said; `isAbsent` if the engine has not written it yet. */
export type Mirror<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string; readonly isAbsent?: true };

/** Largest mirror file that is read: a full manifest is some 14 MB. */
const MAX_MIRROR_BYTES = 64 * 1024 * 1024;

/** Reads `state.json` of the engine's folder; no special rights are needed. */
export function readSwarmState(folder: string): Promise<Mirror<SwarmState>> {
  return readMirror(new SwarmPaths(folder).state, swarmStateSchema);
}

/** Reads `manifest.json`. */
export function readManifest(folder: string): Promise<Mirror<ManifestFile>> {
  return readMirror(new SwarmPaths(folder).manifest, manifestFileSchema);
}

/** Reads `peers.json`. */
export function readPeers(folder: string): Promise<Mirror<PeersFile>> {
  return readMirror(new SwarmPaths(folder).peers, peersFileSchema);
}

async function readMirror<T>(path: string, schema: z.ZodType<T>): Promise<Mirror<T>> {
  const bytes = await readIfPresent(path);
  if (!bytes) {
    const reason = `${path} does not exist. Is the swarm enabled and vigo running?`;
    return { ok: false, reason, isAbsent: true };
  }
  if (bytes.length > MAX_MIRROR_BYTES) {
    return { ok: false, reason: `${path} has ${bytes.length} bytes, over ${MAX_MIRROR_BYTES}` };
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return { ok: false, reason: `${path} is not JSON` };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const [issue] = parsed.error.issues;
  const where = `${path}: ${issue?.path.join(".")}: ${issue?.message}`;
  return { ok: false, reason: `${where}. A running vigo of this version writes it anew` };
}
