import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isSha256, type Sha256 } from "../../shared/crypto/sha256.ts";
import { isLink, listFolder, readAllocator } from "./read_queue_home.ts";
import type { QueueLine } from "./queue_lines.ts";
import type { ScanHandler } from "./scan_request.ts";

/** What a topic's folder is called while it is decided whether it may go: nothing can be posted into it then. */
const LEAVING = ".leaving";

/**
 * Removes a user's queues after their heads have been told: seqs that were given out must not be given out again, whatever
 * becomes of the files. A topic goes only if its last message is the one that the daemon holds; any other is told as a
 * problem, and stays for the next time. Links are removed, not followed.
 */
export const scrubQueueHome: ScanHandler<"poolq_scrub"> = async ({ home, held }, emit) => {
  const tell = (line: QueueLine) => emit(line);
  const folder = join(home, ".vigo-poolq");
  if (isLink(folder)) return await rm(folder);
  await takeBack(folder);
  for (const name of await listFolder(folder)) {
    const path = join(folder, name);
    if (!isSha256(name) || isLink(path)) {
      await rm(path, { recursive: true, force: true });
      continue;
    }
    try {
      await scrubTopic(home, name, held[name], tell);
    } catch (error) {
      await tell({ kind: "problem", topicId: name, reason: String(error).slice(0, 1_000) });
    }
  }
  if ((await listFolder(folder)).length === 0) await rm(folder, { recursive: true, force: true });
};

async function scrubTopic(
  home: string,
  topicId: Sha256,
  held: { readonly seq: number; readonly id: Sha256 } | undefined,
  tell: (line: QueueLine) => Promise<void>,
): Promise<void> {
  const path = join(home, ".vigo-poolq", topicId), leaving = path + LEAVING;
  // Whoever is just posting either has counted it before this, or fails and tells so.
  await rename(path, leaving);
  let isHeld = false;
  try {
    const allocator = readAllocator(home, topicId + LEAVING);
    if (allocator && allocator.lastSeq > 0) await tell({ kind: "topic", topicId, ...allocator });
    isHeld = allocator
      ? allocator.lastSeq === 0 ||
        (allocator.lastSeq === held?.seq && allocator.lastId === held.id)
      : (await listFolder(join(leaving, "messages"))).length === 0;
    if (!isHeld) {
      const upTo = allocator ? `up to seq ${allocator.lastSeq} ` : "";
      const reason = `what was posted ${upTo}is not held by the daemon, so its files stay`;
      await tell({ kind: "problem", topicId, reason });
    }
  } finally {
    if (!isHeld) await rename(leaving, path);
  }
  await rm(leaving, { recursive: true, force: true });
}

/** A scrub that was killed has left topics of which nothing is decided. */
async function takeBack(folder: string): Promise<void> {
  for (const name of await listFolder(folder)) {
    if (!name.endsWith(LEAVING) || !isSha256(name.slice(0, -LEAVING.length))) continue;
    const path = join(folder, name);
    if (!isLink(path)) await rename(path, path.slice(0, -LEAVING.length));
  }
}
