import { join } from "node:path";
import { z } from "zod";
import { writeFileDurable } from "../../shared/platform/durable_write.ts";
import { isAbsent } from "../store/is_absent.ts";

const headSchema = z.looseObject({
  topic_name: z.string(),
  writer: z.string(),
  last_seq: z.number().int().min(1),
  last_msg_id: z.string().regex(/^[0-9a-f]{64}$/),
  appointment: z.looseObject({}).optional(),
});
const fileSchema = z.looseObject({ topics: z.record(z.string(), headSchema) });

/** The last message of a topic that was seen in a home. */
export interface SeenHead {
  readonly name: string;
  readonly writer: string;
  readonly seq: number;
  readonly id: string;
  /** The puddle's word on the writer, not verified; `null` if there is none. */
  readonly appointment: Readonly<Record<string, unknown>> | null;
}

/**
 * Remembers heads of a user's topics in `poolq-heads/<user>.json`, durably and for everybody to read: a seq that was given
 * out once is not given out again, whatever becomes of the home. No head is ever forgotten here, and none goes back.
 *
 * @param folder of all users' files.
 * @param seen by topic id.
 */
export async function rememberHeads(
  folder: string,
  user: string,
  seen: ReadonlyMap<string, SeenHead>,
): Promise<void> {
  const path = join(folder, `${user}.json`);
  const known = await readHeads(path);
  const topics = { ...known };
  for (const [topicId, { name, writer, seq, id, appointment }] of seen) {
    const before = known[topicId];
    if (seq === 0 || (before && before.last_seq > seq)) continue;
    topics[topicId] = {
      topic_name: name || (before?.topic_name ?? ""),
      writer,
      last_seq: seq,
      last_msg_id: id,
      ...(appointment ? { appointment } : {}),
    };
  }
  if (JSON.stringify(topics) === JSON.stringify(known)) return;
  await Deno.mkdir(folder, { recursive: true, mode: 0o755 });
  const text = JSON.stringify({ schema_version: 1, user, topics });
  await writeFileDurable(path, `${text}\n`, { mode: 0o644 });
}

/** Nothing can be said of a file that is damaged; it is written anew with what is seen. */
async function readHeads(path: string): Promise<z.infer<typeof fileSchema>["topics"]> {
  try {
    return fileSchema.parse(JSON.parse(await Deno.readTextFile(path))).topics;
  } catch (error) {
    if (isAbsent(error) || error instanceof z.ZodError || error instanceof SyntaxError) return {};
    throw error;
  }
}
