import { readdir } from "node:fs/promises";
import { isSha256 } from "../../shared/crypto/sha256.ts";
import type { TopicHead } from "../../shared/puddle/delegation.ts";
import { errorCode } from "../system/file_error.ts";
import { readAllocator } from "./allocator.ts";
import { HeldLock } from "./held_lock.ts";
import { poolqPaths } from "./poolq_paths.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";

/**
 * What was posted last to each topic of this home, as a change of the puddle's key has to list it. Topics that are written
 * from other machines are not among them.
 *
 * @throws {UserError} if a post was interrupted or an allocator is damaged: the next post to that topic repairs it.
 */
export async function listOwnHeads(home: string): Promise<TopicHead[]> {
  const paths = poolqPaths(home);
  const heads: TopicHead[] = [];
  for (const id of (await listNames(paths.folder)).filter(isSha256).sort()) {
    const topic = paths.topic(id);
    using _lock = await HeldLock.take(topic.lock);
    const found = readAllocator(topic);
    if (found.kind === "damaged" || (await listNames(topic.folder)).includes("pending.json")) {
      throw new UserError(
        `Cannot tell the last message of the topic ${
          id.slice(0, 12)
        } in ${topic.folder}: a post to it was interrupted. Post to it once more, which repairs it`,
        { exitCode: EXIT_CODE.refused },
      );
    }
    if (found.kind === "found") {
      heads.push({
        topicId: id,
        seq: found.allocator.last_seq,
        msgId: found.allocator.last_msg_id,
      });
    }
  }
  return heads;
}

async function listNames(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}
