import { z } from "zod";
import { isSha256 } from "../../shared/crypto/sha256.ts";
import { isAbsent } from "../store/is_absent.ts";

/** Heads of as many topics as a user may have, and more. */
const MAX_HEADS_BYTES = 4 * 1024 * 1024;

const headsSchema = z.looseObject({
  user: z.string(),
  topics: z.record(
    z.string().refine(isSha256),
    z.looseObject({
      topic_name: z.string(),
      writer: z.string(),
      last_seq: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
      last_msg_id: z.string().refine(isSha256),
      appointment: z.unknown().optional(),
    }),
  ),
});

/** The highest place of a topic that is known. */
export interface KnownHead {
  readonly seq: number;
  readonly id: string;
}

/** What this machine remembers of a topic. */
export interface RememberedHead extends KnownHead {
  /** The envoy that its home named. */
  readonly writer: string;
  /** The puddle's word for that, not verified; anything if there was any. */
  readonly appointment?: unknown;
}

/**
 * The heads that the daemon has seen in a home, by topic id: they outlive the home. None if there is no such file.
 *
 * @param stateFolder the agent's.
 * @throws {Error} if the file is damaged, since to go on without it could give out a seq twice.
 */
export async function readKnownHeads(
  stateFolder: string,
  user: string,
): Promise<ReadonlyMap<string, RememberedHead>> {
  const path = `${stateFolder}/poolq-heads/${user}.json`;
  let text: string;
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_HEADS_BYTES) throw damaged(path);
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (isAbsent(error)) return new Map();
    throw error;
  }
  let parsed: z.infer<typeof headsSchema>;
  try {
    parsed = headsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw damaged(path, cause);
  }
  if (parsed.user !== user) throw damaged(path);
  return new Map(
    Object.entries(parsed.topics).map(([id, { writer, last_seq, last_msg_id, appointment }]) => [
      id,
      {
        seq: last_seq,
        id: last_msg_id,
        writer,
        ...(appointment === undefined ? {} : { appointment }),
      },
    ]),
  );
}

function damaged(path: string, cause?: unknown): Error {
  return new Error(
    `Cannot read ${path}: it does not hold heads of queues. Remove it as root; the daemon writes it anew`,
    { cause },
  );
}
