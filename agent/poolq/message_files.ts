import {
  closeSync,
  constants,
  existsSync,
  fdatasync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isSha256, type Sha256 } from "../../shared/crypto/sha256.ts";
import { syncFolderSync } from "../../shared/platform/durable_write.ts";
import { MAX_MESSAGE_JSON_BYTES } from "../../shared/poolq/limits.ts";
import { type Message, messageId, messageLine } from "../../shared/poolq/message.ts";
import { errorCode } from "../system/file_error.ts";
import { readUserFile } from "../user_scan/user_file.ts";
import { damageOf } from "./damage.ts";
import type { TopicPaths } from "./poolq_paths.ts";
import { quarantine } from "./quarantine.ts";

/** File systems without hard links, and what they say (link(2)). */
const NO_LINKS: ReadonlySet<string> = new Set([
  "EPERM",
  "EOPNOTSUPP",
  "ENOTSUP",
  "EMLINK",
  "EXDEV",
]);

/** Files written at once: what waits for the disk together is written together. */
const SIDE_BY_SIDE = 64;

/** A complete message and its name. */
export interface NamedMessage {
  readonly id: Sha256;
  readonly message: Message;
}

/** The ids that files in `messages/` are named after; what has another name is none of ours. */
export async function listMessageIds(paths: TopicPaths): Promise<Sha256[]> {
  try {
    const names = await readdir(paths.messages);
    return names.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5))
      .filter(isSha256);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** When names in `messages/` changed last, in ns since 1970; see {@linkcode Allocator}. */
export function messagesChangedNs(paths: TopicPaths): string {
  try {
    return String(lstatSync(paths.messages, { bigint: true }).mtimeNs);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw error;
  }
}

/**
 * Gives the one message of `pending.json` its place, as a second name of the same file. A file that is there with the same
 * bytes is fine; one with others is put aside.
 */
export async function linkPending(paths: TopicPaths, { id, message }: NamedMessage): Promise<void> {
  const path = paths.message(id);
  try {
    linkSync(paths.pending, path);
  } catch (error) {
    const code = errorCode(error) ?? "";
    if (code !== "EEXIST" && !NO_LINKS.has(code)) throw error;
    await writeMessageFile(paths, { id, message });
  }
  syncFolderSync(paths.messages);
}

/**
 * Gives several messages their places: each file is written and synced, and then the folder once. A crash leaves some of
 * them, complete.
 */
export async function writeMessageFiles(
  paths: TopicPaths,
  messages: readonly NamedMessage[],
): Promise<void> {
  for (let at = 0; at < messages.length; at += SIDE_BY_SIDE) {
    const some = messages.slice(at, at + SIDE_BY_SIDE);
    await Promise.all(some.map((message) => writeMessageFile(paths, message)));
  }
  syncFolderSync(paths.messages);
}

/** The name is durable only with the folder. */
async function writeMessageFile(
  paths: TopicPaths,
  { id, message }: NamedMessage,
): Promise<void> {
  const path = paths.message(id);
  const bytes = new TextEncoder().encode(messageLine(message));
  if (await isThere(path, bytes)) return;
  const temporary = join(paths.messages, `.tmp-${id}`);
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const file = openSync(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    writeFileSync(file, bytes);
    await syncData(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

/** The one wait that is worth a thread: what waits for the disk together is written together. */
function syncData(file: number): Promise<void> {
  return new Promise((resolve, reject) =>
    fdatasync(file, (error) => error ? reject(error) : resolve())
  );
}

/** Whether the file is there with these bytes, on the disk; one with others is put aside. */
async function isThere(path: string, bytes: Uint8Array): Promise<boolean> {
  let found: Uint8Array | undefined;
  // Asked first, since a failure costs ten times as much. A link that leads nowhere holds nothing and is replaced.
  if (!existsSync(path)) return false;
  try {
    found = readUserFile(path, MAX_MESSAGE_JSON_BYTES);
    if (found === undefined) return false;
  } catch (error) {
    damageOf(error);
  }
  if (found && isSame(found, bytes)) {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      await syncData(file);
    } finally {
      closeSync(file);
    }
    return true;
  }
  await quarantine(path, join(path, "..", "..", "quarantine"));
  return false;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** A message with its name, which is computed from it. */
export function named(message: Message): NamedMessage {
  return { id: messageId(message), message };
}
