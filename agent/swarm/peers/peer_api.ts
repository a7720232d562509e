import { Buffer } from "node:buffer";
import { z } from "zod";
import { manifestEntrySchema } from "../../../shared/swarm/manifest_entry.ts";
import { CHUNK_DIGEST_BYTES, MAX_ACCEPTED_CHUNKS } from "../../../shared/swarm/chunk_layout.ts";
import { parseEndpoint } from "../../../shared/swarm/announce_line.ts";
import { KNOCK_OUTCOMES } from "./knock_outcome.ts";

/** Entries on one page of a manifest, and in one push of revocations. */
export const MAX_PAGE_ENTRIES = 1000;
/** Largest JSON body between peers: a page of the longest entries. */
export const MAX_PEER_JSON_BYTES = 8 * 1024 * 1024;
/** Largest answer about one blob: its digest list in base64 and some room. */
export const MAX_BLOB_ANSWER_BYTES = Math.ceil(MAX_ACCEPTED_CHUNKS * CHUNK_DIGEST_BYTES * 4 / 3) +
  64 * 1024;
/** Addresses passed on with one answer. */
export const MAX_EXCHANGED_PEERS = 16;

/** Header with the bits of the chunks that the sender, who asks or answers, holds of this blob, base64. */
export const CHUNKS_HEADER = "x-chunks";
/** Whoever asks tells what it holds of blobs of at most this many chunks: a question stays a small one. */
export const MAX_TOLD_CHUNKS = 4096;
/** Header of a complete holder: the bits of the chunks that it has given to anybody, base64. */
export const GIVEN_HEADER = "x-given";
/** Header with addresses of other peers, proven by mTLS. */
export const PEERS_HEADER = "x-peers";
/** Header with the port of the caller's own peer server. */
export const PORT_HEADER = "x-vigo-port";

const base64 = z.base64().transform((text) => new Uint8Array(Buffer.from(text, "base64")));

export const manifestPageSchema = z.object({
  /** The answering engine's start: its counter means nothing in another one. */
  instance: z.string().regex(/^[0-9a-f]{16}$/),
  /** Counter to ask from next time. */
  next: z.number().int().nonnegative(),
  more: z.boolean(),
  /** Serial of the fleet document that the peer holds; 0 if none. */
  fleetSerial: z.number().int().nonnegative(),
  entries: z.array(manifestEntrySchema).max(MAX_PAGE_ENTRIES),
});
export type ManifestPage = z.input<typeof manifestPageSchema>;

export const manifestPushSchema = z.object({
  entries: z.array(manifestEntrySchema).max(MAX_PAGE_ENTRIES),
});

export const blobAnswerSchema = z.object({
  sizeBytes: z.number().int().nonnegative(),
  chunkSizeBytes: z.number().int().positive(),
  /** Bits of the chunks that the peer holds, base64. */
  chunks: base64,
  /** Chunk digests one after the other, base64; absent if they were not asked for. */
  digests: base64.optional(),
});
export type BlobAnswer = z.output<typeof blobAnswerSchema>;

/** What a peer found when it looked at a chunk that came wrong from it. */
export const recheckAnswerSchema = z.object({
  /** Whether its copy has the right bytes after all. */
  sound: z.boolean(),
});
export const MAX_RECHECK_ANSWER_BYTES = 1024;

export const fleetAnswerSchema = z.object({ payload: base64, signature: base64 });

export const storageAnswerSchema = z.object({
  free_pct: z.number(),
  free_bytes: z.number(),
});
export type StorageAnswer = z.infer<typeof storageAnswerSchema>;

/** What a peer saw when it called its caller back. */
export const reachAnswerSchema = z.object({
  /** Where it called: the caller's address as it sees it, and the port that the caller named. */
  address: z.string().max(64),
  port: z.number().int(),
  outcome: z.enum(KNOCK_OUTCOMES),
  detail: z.string().max(500),
  /** How long ago it last heard an announcement from that address; `null` if it did not. */
  heardAgoMs: z.number().int().nonnegative().nullable(),
  /** For how long it has been listening for announcements; `null` if it does not. */
  listeningMs: z.number().int().nonnegative().nullable(),
});
export type ReachAnswer = z.infer<typeof reachAnswerSchema>;
export const MAX_REACH_ANSWER_BYTES = 4096;

/** Reads an `X-Peers` header; what is not an address is passed over. */
export function parsePeersHeader(
  text: string,
): { readonly address: string; readonly port: number }[] {
  return text.split(",", MAX_EXCHANGED_PEERS).flatMap((part) => parseEndpoint(part.trim()) ?? []);
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
