import { lstatSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isSha256, type Sha256 } from "../../shared/crypto/sha256.ts";
import { MAX_MESSAGE_JSON_BYTES } from "../../shared/poolq/limits.ts";
import { errorCode } from "../system/file_error.ts";
import type { QueueLine } from "./queue_lines.ts";
import { MAX_SCANNED_MESSAGES, MAX_USER_TOPICS, type ScanHandler } from "./scan_request.ts";
import { readUserFile } from "./user_file.ts";

/** An allocator has a few short values. */
const MAX_ALLOCATOR_BYTES = 4_096;
/** A delegation that lists as many heads as it may. */
const MAX_DELEGATION_BYTES = 64 * 1024;
/** More keys than a puddle is followed through. */
const MAX_DELEGATIONS = 64;
/** Longest reason that is passed on. */
const MAX_REASON_LENGTH = 1_000;

const allocatorSchema = z.looseObject({
  writer: z.string().max(253),
  last_seq: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  last_msg_id: z.string().refine(isSha256),
  appointment: z.looseObject({}).optional(),
});

/** What of a message's file says where the one before it is; everything else is for whoever verifies it. */
const linkSchema = z.looseObject({
  seq: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  prev: z.string().refine(isSha256),
});

/** A place in a topic. */
interface Place {
  readonly seq: number;
  readonly id: string;
}

/**
 * Tells the topics in a home, and what each has that is not known yet: the delegations of the user's puddle first, then
 * topic by topic its head and its messages, oldest first. What an allocator does not count as posted is not looked at. What
 * cannot be read is told with a reason, and nothing else fails for it.
 */
export const readQueueHome: ScanHandler<"poolq_read"> = async ({ home, known }, emit) => {
  const tell = (line: QueueLine) => emit(line);
  await tellDelegations(home, tell);
  for (const topicId of await listTopics(home, tell)) {
    try {
      await tellTopic(home, topicId, known[topicId], tell);
    } catch (error) {
      await tell({ kind: "problem", topicId, reason: reasonOf(error) });
    }
  }
};

/** The ids of the topics in a home, in order. */
export async function listTopics(
  home: string,
  tell: (line: QueueLine) => Promise<void>,
): Promise<Sha256[]> {
  const folder = join(home, ".vigo-poolq");
  if (isLink(folder)) {
    await tell({ kind: "problem", reason: ".vigo-poolq is a symbolic link" });
    return [];
  }
  const names = await listFolder(folder);
  const topics = names.filter(isSha256).sort();
  if (topics.length > MAX_USER_TOPICS) {
    const reason = `${topics.length} topics, of which ${MAX_USER_TOPICS} are looked at`;
    await tell({ kind: "problem", reason });
  }
  return topics.slice(0, MAX_USER_TOPICS);
}

/** What a topic's allocator says; `undefined` if the user writes nothing to it. */
export function readAllocator(home: string, topicId: string) {
  const path = join(home, ".vigo-poolq", topicId, "allocator.json");
  const bytes = readUserFile(path, MAX_ALLOCATOR_BYTES);
  if (bytes === undefined) return undefined;
  const parsed = allocatorSchema.safeParse(parseJson(bytes));
  if (!parsed.success) throw new Error("allocator.json is not one");
  const { writer, last_seq, last_msg_id, appointment = null } = parsed.data;
  return { writer, lastSeq: last_seq, lastId: last_msg_id, appointment };
}

async function tellTopic(
  home: string,
  topicId: Sha256,
  known: Place | undefined,
  tell: (line: QueueLine) => Promise<void>,
): Promise<void> {
  const topicFolder = join(home, ".vigo-poolq", topicId);
  const folder = join(topicFolder, "messages");
  if (isLink(topicFolder)) throw new Error("its folder is a symbolic link");
  if (isLink(folder)) throw new Error("messages is a symbolic link");
  const allocator = readAllocator(home, topicId);
  if (!allocator || allocator.lastSeq === 0) return;
  await tell({ kind: "topic", topicId, ...allocator });
  const { lastSeq, lastId } = allocator;
  if (known && lastSeq <= known.seq && (lastSeq < known.seq || lastId === known.id)) return;
  // Back from the head, since a file's name says nothing of its place.
  const ids: string[] = [];
  for (let at: Place = { seq: lastSeq, id: lastId };;) {
    ids.push(at.id);
    // The place that is known comes last: its name shows whether it is the same.
    if (at.seq <= 1 || (known && at.seq <= known.seq)) break;
    // The oldest come first, so the newest wait for the next scan.
    if (ids.length >= 2 * MAX_SCANNED_MESSAGES) ids.splice(0, MAX_SCANNED_MESSAGES);
    const { prev } = linkSchema.parse(readMessage(folder, at.id).message);
    const before = { seq: at.seq - 1, id: prev };
    if (known && before.seq === known.seq && prev === known.id) break;
    // Older files age out; what is left begins here.
    if (!known && !exists(folder, prev)) break;
    at = before;
  }
  for (const id of ids.slice(-MAX_SCANNED_MESSAGES).reverse()) {
    const { message } = readMessage(folder, id);
    await tell({ kind: "message", topicId, message });
  }
}

/** Queues stay in the home: what lies elsewhere is not this user's to tell of, whoever may read it. */
export function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function readMessage(
  folder: string,
  id: string,
): { readonly message: Record<string, unknown> } {
  const bytes = readUserFile(join(folder, `${id}.json`), MAX_MESSAGE_JSON_BYTES);
  if (bytes === undefined) throw new Error(`message ${id.slice(0, 12)} has no file`);
  const message = parseJson(bytes);
  if (typeof message !== "object" || message === null || Array.isArray(message)) {
    throw new Error(`message ${id.slice(0, 12)} is not JSON`);
  }
  return { message: { ...message } };
}

function exists(folder: string, id: string): boolean {
  return readUserFile(join(folder, `${id}.json`), MAX_MESSAGE_JSON_BYTES) !== undefined;
}

async function tellDelegations(
  home: string,
  tell: (line: QueueLine) => Promise<void>,
): Promise<void> {
  const folder = join(home, ".vigo-puddle", "retired");
  const names = (await listFolder(folder)).filter((name) => name.endsWith(".json")).sort();
  for (const name of names.slice(0, MAX_DELEGATIONS)) {
    try {
      const bytes = readUserFile(join(folder, name), MAX_DELEGATION_BYTES);
      const delegation = bytes && parseJson(bytes);
      if (typeof delegation !== "object" || delegation === null) throw new Error("it is not JSON");
      await tell({ kind: "delegation", delegation: { ...delegation } });
    } catch (error) {
      await tell({
        kind: "problem",
        reason: `retired/${name}: ${reasonOf(error)}`.slice(0, 1_000),
      });
    }
  }
}

/** Names in a folder; none if there is none. */
export async function listFolder(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, MAX_REASON_LENGTH);
}
