import { z } from "zod";
import { isSha256 } from "../../shared/crypto/sha256.ts";
import { puddleKeySchema } from "../../shared/puddle/puddle_key.ts";

/** What the program is called with to look into a home. */
export const USER_SCAN = "_user-scan";

/** Largest request, in bytes: what is known of every topic that a user may have, and room. */
export const MAX_SCAN_REQUEST_BYTES = 1024 * 1024;
/** Largest line of an answer, in characters: the largest message, and what is said around it. */
export const MAX_SCAN_LINE_LENGTH = 512 * 1024;

/** Most topics of one user that are looked at. */
export const MAX_USER_TOPICS = 1_000;
/** Most messages of one topic that one scan hands over; those that are left come with the next one. */
export const MAX_SCANNED_MESSAGES = 1_000_000;

const hex32 = z.string().refine(isSha256, { error: "expected 64 lowercase hex digits" });
const seq = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Looks at the topics in `~/.vigo-poolq/` and tells what is newer than what is known. */
const poolqRead = z.strictObject({
  kind: z.literal("poolq_read"),
  home: z.string().min(1).max(4096),
  /** By topic: the last message that is known already. */
  known: z.record(hex32, z.strictObject({ seq, id: hex32 })),
});

/** Tells the heads of all topics, then removes `~/.vigo-poolq/`, but for topics with messages that nobody else has. */
const poolqScrub = z.strictObject({
  kind: z.literal("poolq_scrub"),
  home: z.string().min(1).max(4096),
  /** By topic: the last message that is held elsewhere, and all before it that this home had. */
  held: z.record(hex32, z.strictObject({ seq, id: hex32 })),
});

/** Removes the files of messages that are past their time. */
const poolqPrune = z.strictObject({
  kind: z.literal("poolq_prune"),
  home: z.string().min(1).max(4096),
  topicId: hex32,
  ids: z.array(hex32).max(10_000),
});

const home = z.string().min(1).max(4096);

/** Tells what the puddle of a user is: see `PuddleLine`. */
const puddleRead = z.strictObject({ kind: z.literal("puddle_read"), home });

/** Tells whether the user made the file by which a request to the daemon is proven, and removes it. */
const puddleProof = z.strictObject({ kind: z.literal("puddle_proof"), home, name: hex32 });

/** Ends the session, then removes `~/.vigo-puddle/`; with a key only if the puddle has that one. */
const puddleScrub = z.strictObject({
  kind: z.literal("puddle_scrub"),
  home,
  publicKey: puddleKeySchema.optional(),
});

/** What a scan is asked for, as JSON on its standard input. */
export const scanRequestSchema = z.discriminatedUnion("kind", [
  poolqRead,
  poolqScrub,
  poolqPrune,
  puddleRead,
  puddleProof,
  puddleScrub,
]);

export type ScanRequest = z.infer<typeof scanRequestSchema>;

/** Writes one line of the answer, once the reader has room for it. */
export type EmitLine = (line: object) => Promise<void>;

/** Does what one kind of request asks for, as the user whose home it is. */
export type ScanHandler<Kind extends ScanRequest["kind"]> = (
  request: Extract<ScanRequest, { kind: Kind }>,
  emit: EmitLine,
) => Promise<void>;
