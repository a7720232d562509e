import { rm } from "node:fs/promises";
import { join } from "node:path";
import { listTopics, readAllocator } from "./read_queue_home.ts";
import type { ScanHandler } from "./scan_request.ts";

/**
 * Removes a user's queues after their heads have been told: seqs that were given out must not be given out again, whatever
 * becomes of the files. Links are removed, not followed.
 */
export const scrubQueueHome: ScanHandler<"poolq_scrub"> = async ({ home }, emit) => {
  for (const topicId of await listTopics(home, emit)) {
    try {
      const allocator = readAllocator(home, topicId);
      if (allocator && allocator.lastSeq > 0) await emit({ kind: "topic", topicId, ...allocator });
    } catch (error) {
      await emit({ kind: "problem", topicId, reason: String(error).slice(0, 1_000) });
    }
  }
  await rm(join(home, ".vigo-poolq"), { recursive: true, force: true });
};
