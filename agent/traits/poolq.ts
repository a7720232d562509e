import { join } from "node:path";
import { z } from "zod";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import { isAbsent } from "../store/is_absent.ts";
import type { Collector } from "./collector.ts";

/** Users that are named, and topics of all of them together: more only tell a number. */
const MAX_USERS = 50;
const MAX_TOPICS = 40;
/** Largest file of one user's heads. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

const fileSchema = z.looseObject({
  topics: z.record(
    z.string().regex(/^[0-9a-f]{64}$/),
    z.looseObject({
      topic_name: z.string().max(64),
      writer: z.string().max(253),
      last_seq: z.number().int(),
      last_msg_id: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});

/**
 * The heads of the queues that users of this machine post to, by user: what the daemon saw in their homes. Messages travel
 * another way.
 *
 * @param folder `poolq-heads/`.
 */
export function poolqCollector(folder: string): Collector {
  return { name: "poolq", kind: "volatile", collect: () => collect(folder) };
}

async function collect(folder: string): Promise<Json> {
  const users = await listUsers(folder);
  const named: Record<string, Json> = {};
  let left = MAX_TOPICS;
  for (const user of users.slice(0, MAX_USERS)) {
    const topics = await readTopics(join(folder, `${user}.json`));
    const shown = topics.slice(0, left);
    left -= shown.length;
    named[user] = {
      count: topics.length,
      topics: shown.map(([id, { topic_name, writer, last_seq, last_msg_id }]) => ({
        id,
        name: topic_name,
        writer,
        head_seq: last_seq,
        head_id: last_msg_id,
      })),
    };
  }
  return named;
}

async function listUsers(folder: string): Promise<string[]> {
  try {
    const names: string[] = [];
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile && name.endsWith(".json")) names.push(name.slice(0, -".json".length));
    }
    return names.sort();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

async function readTopics(path: string) {
  const { size } = await Deno.stat(path);
  if (size > MAX_FILE_BYTES) throw new Error(`${path} has more than ${MAX_FILE_BYTES} bytes`);
  const { topics } = fileSchema.parse(JSON.parse(await Deno.readTextFile(path)));
  return Object.entries(topics).sort(([one], [other]) => one < other ? -1 : 1);
}
