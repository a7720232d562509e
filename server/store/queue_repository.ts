import type { Kysely } from "kysely";
import { z } from "zod";
import { isSha256 } from "../../shared/crypto/sha256.ts";
import { appointmentSchema } from "../../shared/poolq/appointment.ts";
import type { Atomically } from "./atomically.ts";
import type { QueueRepository, StoredMessage, StoredTopic } from "./queue_store.ts";
import type { Tables } from "./tables.ts";

/** Rows per statement: SQLite allows 32,766 parameters and a row has 7. */
const ROWS_PER_STATEMENT = 500;
/** Rows read at once where their sizes decide how many are wanted. */
const ROWS_PER_READ = 100;

const hash = z.string().refine(isSha256);
const equivocationSchema = z.strictObject({
  seq: z.number(),
  author: z.string(),
  ids: z.tuple([z.string(), z.string()]),
  other: z.string(),
  from: z.string(),
  atMs: z.number(),
});

const topicSchema: z.ZodType<StoredTopic> = z.object({
  topicId: hash,
  name: z.string(),
  founder: z.string(),
  writer: z.string(),
  appointment: appointmentSchema.nullable(),
  user: z.string(),
  firstSeq: z.number(),
  headSeq: z.number(),
  headId: hash,
  headPostedAtMs: z.number(),
  receivedAtMs: z.number(),
  sizeBytes: z.number(),
  delegations: z.array(z.string()),
  equivocation: equivocationSchema.nullable(),
});

export class SqlQueueRepository implements QueueRepository {
  readonly #database: Kysely<Tables>;
  readonly #atomically: Atomically;

  constructor(
    database: Kysely<Tables>,
    atomically: Atomically,
  ) {
    this.#database = database;
    this.#atomically = atomically;
  }

  async listTopics(): Promise<StoredTopic[]> {
    const rows = await this.#database.selectFrom("poolq_topics").selectAll().orderBy("topic_id")
      .execute();
    return rows.map(readTopic);
  }

  findTopic(topicId: string): Promise<StoredTopic | undefined> {
    return findTopic(this.#database, topicId);
  }

  async save(topic: StoredTopic, messages: readonly StoredMessage[]): Promise<void> {
    const row = topicRow(topic);
    await this.#atomically(async (database) => {
      for (let start = 0; start < messages.length; start += ROWS_PER_STATEMENT) {
        const rows = messages.slice(start, start + ROWS_PER_STATEMENT)
          .map((message) => messageRow(topic.topicId, message));
        await database.insertInto("poolq_messages").values(rows)
          .onConflict((conflict) => conflict.columns(["topic_id", "seq"]).doNothing()).execute();
      }
      const { topic_id: _key, ...changes } = row;
      await database.insertInto("poolq_topics").values(row)
        .onConflict((conflict) => conflict.column("topic_id").doUpdateSet(changes)).execute();
    });
  }

  async findMessage(topicId: string, seq: number): Promise<StoredMessage | undefined> {
    const row = await this.#database.selectFrom("poolq_messages").selectAll()
      .where("topic_id", "=", topicId).where("seq", "=", seq).executeTakeFirst();
    return row && readMessage(row);
  }

  async range(
    topicId: string,
    { fromSeq, toSeq, limit, maxBytes }: Parameters<QueueRepository["range"]>[1],
  ): Promise<StoredMessage[]> {
    const found: StoredMessage[] = [];
    let bytes = 0;
    for (let next = fromSeq; found.length < limit && bytes < maxBytes;) {
      const wanted = Math.min(ROWS_PER_READ, limit - found.length);
      const rows = await this.#database.selectFrom("poolq_messages").selectAll()
        .where("topic_id", "=", topicId).where("seq", ">=", next).where("seq", "<=", toSeq)
        .orderBy("seq").limit(wanted).execute();
      for (const row of rows) {
        if (bytes >= maxBytes) break;
        found.push(readMessage(row));
        bytes += row.size_bytes;
      }
      if (rows.length < wanted) break;
      next = (found.at(-1)?.seq ?? next) + 1;
    }
    return found;
  }

  async lastPostedBy(topicId: string, atMs: number): Promise<StoredMessage | undefined> {
    const row = await this.#database.selectFrom("poolq_messages").selectAll()
      .where("topic_id", "=", topicId).where("posted_at_ms", "<=", atMs)
      .orderBy("seq", "desc").limit(1).executeTakeFirst();
    return row && readMessage(row);
  }

  prune(topicId: string, receivedBeforeMs: number, limit: number): Promise<number> {
    return this.#atomically(async (database) => {
      const topic = await findTopic(database, topicId);
      if (!topic) return 0;
      const rows = await database.selectFrom("poolq_messages")
        .select(["seq", "received_at_ms", "size_bytes"])
        .where("topic_id", "=", topicId).orderBy("seq").limit(limit).execute();
      const kept = rows.findIndex((row) => row.received_at_ms >= receivedBeforeMs);
      const gone = kept < 0 ? rows : rows.slice(0, kept);
      const last = gone.at(-1);
      if (!last) return 0;
      await database.deleteFrom("poolq_messages").where("topic_id", "=", topicId)
        .where("seq", "<=", last.seq).execute();
      const bytes = gone.reduce((sum, row) => sum + row.size_bytes, 0);
      await database.updateTable("poolq_topics").set({
        first_seq: Math.max(topic.firstSeq, last.seq + 1),
        size_bytes: Math.max(0, topic.sizeBytes - bytes),
      }).where("topic_id", "=", topicId).execute();
      return gone.length;
    });
  }

  async totals(): Promise<{ messages: number; bytes: number }> {
    const row = await this.#database.selectFrom("poolq_messages")
      .select(({ fn }) => [fn.countAll().as("messages"), fn.sum("size_bytes").as("bytes")])
      .executeTakeFirst();
    return { messages: Number(row?.messages ?? 0), bytes: Number(row?.bytes ?? 0) };
  }
}

async function findTopic(
  database: Kysely<Tables>,
  topicId: string,
): Promise<StoredTopic | undefined> {
  const row = await database.selectFrom("poolq_topics").selectAll()
    .where("topic_id", "=", topicId).executeTakeFirst();
  return row && readTopic(row);
}

function topicRow(topic: StoredTopic): Tables["poolq_topics"] {
  return {
    topic_id: topic.topicId,
    name: topic.name,
    founder: topic.founder,
    writer: topic.writer,
    user_name: topic.user,
    first_seq: topic.firstSeq,
    head_seq: topic.headSeq,
    head_id: topic.headId,
    head_posted_at_ms: topic.headPostedAtMs,
    received_at_ms: topic.receivedAtMs,
    size_bytes: topic.sizeBytes,
    delegations: JSON.stringify(topic.delegations),
    equivocation: topic.equivocation && JSON.stringify(topic.equivocation),
    appointment: topic.appointment && JSON.stringify(topic.appointment),
  };
}

function readTopic(row: Tables["poolq_topics"]): StoredTopic {
  return topicSchema.parse({
    topicId: row.topic_id,
    name: row.name,
    founder: row.founder,
    writer: row.writer,
    appointment: row.appointment === null ? null : JSON.parse(row.appointment),
    user: row.user_name,
    firstSeq: row.first_seq,
    headSeq: row.head_seq,
    headId: row.head_id,
    headPostedAtMs: row.head_posted_at_ms,
    receivedAtMs: row.received_at_ms,
    sizeBytes: row.size_bytes,
    delegations: JSON.parse(row.delegations),
    equivocation: row.equivocation === null ? null : JSON.parse(row.equivocation),
  });
}

function messageRow(topicId: string, message: StoredMessage): Tables["poolq_messages"] {
  return {
    topic_id: topicId,
    seq: message.seq,
    msg_id: message.msgId,
    posted_at_ms: message.postedAtMs,
    received_at_ms: message.receivedAtMs,
    size_bytes: new TextEncoder().encode(message.text).length,
    message: message.text,
  };
}

function readMessage(row: Tables["poolq_messages"]): StoredMessage {
  return {
    seq: row.seq,
    msgId: hash.parse(row.msg_id),
    postedAtMs: row.posted_at_ms,
    receivedAtMs: row.received_at_ms,
    text: row.message,
  };
}
