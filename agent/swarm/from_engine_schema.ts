import { Buffer } from "node:buffer";
import { z } from "zod";
import { MAX_DOCUMENT_BYTES } from "../../shared/canonical/signed_document.ts";
import { MAX_CHUNKS } from "../../shared/swarm/chunk_layout.ts";
import { MAX_MAP_SOURCES } from "../../shared/swarm/chunk_map.ts";
import { MAX_MANIFEST_ENTRIES } from "../../shared/swarm/manifest.ts";
import { manifestEntrySchema } from "../../shared/swarm/manifest_entry.ts";
import { diagnosisSchema } from "./diagnosis.ts";
import {
  MAX_RELAYED_ANSWER_BYTES,
  MAX_RELAYED_PATH_LENGTH,
  MAX_RELAYED_QUESTION_BYTES,
  RELAY_SERVICES,
} from "./relay.ts";

/** Most things in one message: a full manifest several times over, with cells that wait for their author to be allowed. */
const MAX_LISTED = 5 * MAX_MANIFEST_ENTRIES;
/** Many more rights than are asked after. */
const MAX_RIGHTS = 64;
/** Longest name, digest or address. */
const MAX_NAME_LENGTH = 1_024;
/** Longest cursor into the server's manifest, which the server itself made. */
const MAX_CURSOR_LENGTH = 64;
/** Shown of a text in the log or a report: a peer may decide how long it is, so it is cut and not refused. */
const MAX_SHOWN_LENGTH = 4_096;
/** Most properties of a log line, and most things in one of them. */
const MAX_PROPERTIES = 64;
/** Properties hold lists and tables of texts and numbers, and nothing deeper. */
const MAX_PROPERTY_DEPTH = 2;
/** What a 32-bit number on the wire holds. */
const MAX_UINT32 = 2 ** 32 - 1;

const name = z.string().max(MAX_NAME_LENGTH);
const shown = z.string().transform((text) => text.slice(0, MAX_SHOWN_LENGTH));
const count = z.number().int().min(0).max(MAX_UINT32);
const requestId = z.number().int().nonnegative();
const rights = z.array(name).max(MAX_RIGHTS);
/** A table of at most so many names; keys are counted before any is looked at. */
const table = <T extends z.ZodType>(value: T) =>
  z.looseObject({}).refine(isShort, { error: "too many names" }).pipe(z.record(name, value));
/** A copy: bytes shared with the worker could change between the check of their signature and their use. */
const bytesUpTo = (maxBytes: number) =>
  z.instanceof(Uint8Array)
    .refine(({ length }) => length <= maxBytes, { error: "too many bytes" })
    .transform((shared): Uint8Array => new Uint8Array(shared));
const bytes = bytesUpTo(MAX_DOCUMENT_BYTES);

const fingerprint = z.string().regex(/^[0-9a-f]{64}$/);
const peer = z.object({ uuid: name, hostname: name, fingerprint });

/** One byte for each chunk. The server judges whether it is a map of that blob. */
const chunkMap = z.object({
  chunks: z.instanceof(Uint8Array)
    .refine(({ length }) => length <= MAX_CHUNKS, { error: "too many chunks" })
    .transform((shared) => Buffer.from(shared)),
  sources: z.array(shown).max(MAX_MAP_SOURCES),
});

const blob = z.object({
  sha256: name,
  status: name,
  chunksHave: count,
  chunksTotal: count,
  skipReason: shown,
  sources: table(count),
  origin: z.boolean(),
  chunkMap: chunkMap.optional(),
  completedAtMs: z.number().int().nonnegative().optional(),
});

/**
 * What the swarm engine may say, by `kind`; see `FromEngine`. The engine reads what other machines send and may have been
 * taken over by one, so its form is judged here and its content where it is used.
 */
export const fromEngineSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready"), port: z.number().int().min(0).max(65_535), address: name }),
  z.object({
    kind: z.literal("entries"),
    entries: z.array(z.unknown()).max(MAX_LISTED).pipe(z.array(manifestEntrySchema)),
    digest: name,
  }),
  z.object({
    kind: z.literal("progress"),
    blobs: z.array(z.unknown()).max(MAX_LISTED).pipe(z.array(blob)),
    problems: z.array(z.unknown()).max(MAX_LISTED)
      .pipe(z.array(z.object({ label: shown, reason: shown }))),
  }),
  z.object({ kind: z.literal("roster"), since: z.string().max(MAX_CURSOR_LENGTH) }),
  // An entry that may not be signed is answered with the reason: a person's own seed may ask for it.
  z.object({ kind: z.literal("sign"), requestId, entry: z.looseObject({}) }),
  z.object({
    kind: z.literal("fetch"),
    requestId,
    sha256: name,
    wanted: z.union([z.object({ chunk: count, count }), z.literal("digests")]),
    sizeBytes: count,
  }),
  z.object({
    kind: z.literal("fleet"),
    signed: z.object({ payload: bytes, signature: bytes }),
  }),
  z.object({
    kind: z.literal("log"),
    level: z.enum(["debug", "info", "warning", "error"]),
    message: shown,
    properties: z.looseObject({}).transform((properties) => bounded(properties)),
  }),
  z.object({
    kind: z.literal("cleaned"),
    requestId,
    danglingLinks: count,
    stalePartials: count,
    errors: count,
  }),
  z.object({
    kind: z.literal("examined"),
    requestId,
    rights,
    hasher: z.discriminatedUnion("ok", [
      z.object({ ok: z.literal(true), rights }),
      z.object({ ok: z.literal(false), reason: shown }),
    ]),
  }),
  z.object({
    kind: z.literal("diagnosed"),
    requestId,
    diagnosis: diagnosisSchema.nullable(),
  }),
  z.object({
    kind: z.literal("asked"),
    requestId,
    question: z.object({
      service: z.enum(RELAY_SERVICES),
      peer,
      ownFingerprint: fingerprint,
      path: z.string().max(MAX_RELAYED_PATH_LENGTH),
      body: bytesUpTo(MAX_RELAYED_QUESTION_BYTES),
    }),
  }),
  z.object({
    kind: z.literal("peer_answered"),
    requestId,
    reply: z.discriminatedUnion("ok", [
      z.object({
        ok: z.literal(true),
        peer,
        ownFingerprint: fingerprint,
        body: bytesUpTo(MAX_RELAYED_ANSWER_BYTES),
      }),
      z.object({ ok: z.literal(false), reason: shown, status: count.optional() }),
    ]),
  }),
  z.object({
    kind: z.literal("links"),
    requestId,
    links: z.object({ files: table(name), seeds: table(name) }),
  }),
  z.object({ kind: z.literal("hasher"), wanted: z.boolean() }),
  z.object({ kind: z.literal("fatal"), reason: shown }),
  z.object({ kind: z.literal("stopped") }),
]);

/** A message of the engine whose form was judged. */
export type EngineMessage = z.output<typeof fromEngineSchema>;

function isShort(object: object): boolean {
  let length = 0;
  for (const _ in object) if (++length > MAX_LISTED) return false;
  return true;
}

/** Log properties as plain data of a bounded size; a clone between workers may hold cycles and any length. */
function bounded(properties: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const shownOnes = Object.entries(properties).slice(0, MAX_PROPERTIES);
  return Object.fromEntries(
    shownOnes.map(([key, value]) => [key.slice(0, MAX_NAME_LENGTH), plain(value, 1)]),
  );
}

function plain(value: unknown, depth: number): unknown {
  if (typeof value === "string") return value.slice(0, MAX_SHOWN_LENGTH);
  if (value === null || typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value !== "object") return String(value).slice(0, MAX_SHOWN_LENGTH);
  if (depth >= MAX_PROPERTY_DEPTH) return "…";
  if (Array.isArray(value)) {
    return value.slice(0, MAX_PROPERTIES).map((item) => plain(item, depth + 1));
  }
  return Object.fromEntries(
    Object.entries(value).slice(0, MAX_PROPERTIES)
      .map(([key, item]) => [key.slice(0, MAX_NAME_LENGTH), plain(item, depth + 1)]),
  );
}
