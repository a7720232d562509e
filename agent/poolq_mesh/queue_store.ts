import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { z } from "zod";
import { isSha256, type Sha256 } from "../../shared/crypto/sha256.ts";
import { type Appointment, appointmentSchema } from "../../shared/poolq/appointment.ts";
import type { VerifiedMessage } from "../../shared/poolq/verify_message.ts";
import { writeTransaction } from "../store/write_transaction.ts";

/** How long a statement waits for another process's transaction, in ms. */
const BUSY_TIMEOUT_MS = 5_000;
/** A larger file is not read through at the start, which would take seconds; every message is verified by who reads it. */
const MAX_CHECKED_PAGES = 16_384;
const SCHEMA_VERSION = 2;
const SCHEMA = `
  CREATE TABLE topic (
    topic_id TEXT PRIMARY KEY, name TEXT NOT NULL, founder TEXT NOT NULL,
    user TEXT, appointment TEXT,
    first_seq INTEGER NOT NULL, head_seq INTEGER NOT NULL, head_id TEXT NOT NULL,
    delegations TEXT NOT NULL, equivocation TEXT
  ) STRICT;
  CREATE TABLE message (
    topic_id TEXT NOT NULL, seq INTEGER NOT NULL, msg_id TEXT NOT NULL,
    received_at_ms INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (topic_id, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE fork (
    topic_id TEXT NOT NULL, msg_id TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (topic_id, msg_id)
  ) STRICT;
  CREATE TABLE head (
    topic_id TEXT PRIMARY KEY, name TEXT NOT NULL, founder TEXT NOT NULL,
    first_seq INTEGER NOT NULL, head_seq INTEGER NOT NULL, head_id TEXT NOT NULL,
    count INTEGER NOT NULL, writer TEXT NOT NULL, appointment TEXT
  ) STRICT;
  CREATE TABLE granted (user TEXT PRIMARY KEY) STRICT;
`;
/** Who wrote a topic was not signed before; each home says it again when it is looked into. */
const FROM_VERSION_1 = `
  ALTER TABLE topic DROP COLUMN writer;
  ALTER TABLE topic ADD COLUMN appointment TEXT;
  ALTER TABLE head ADD COLUMN appointment TEXT;
`;
/** Most topics that are remembered of those that the server told of. */
const MAX_HEADS = 20_000;

/** A topic of which this envoy has messages. */
export interface HeldTopic {
  readonly topicId: Sha256;
  readonly name: string;
  readonly founder: string;
  /** The local user in whose home it is; `null` for one that was only read here. */
  readonly user: string | null;
  /** The puddle's word on the envoy that writes it, verified; `null` for one that was only read. */
  readonly appointment: Appointment | null;
  /** The lowest message that is kept, and the last. */
  readonly firstSeq: number;
  readonly headSeq: number;
  readonly headId: Sha256;
  /** As JSON, each once. */
  readonly delegations: readonly string[];
  readonly equivocation: Equivocation | null;
}

/** Two messages that one key signed for one place; nothing after it is taken. */
export interface Equivocation {
  readonly seq: number;
  readonly author: string;
  readonly ids: readonly [string, string];
}

/** What somebody says of a topic: a claim, until messages prove it. */
export interface ClaimedHead {
  readonly topicId: Sha256;
  readonly name: string;
  readonly founder: string;
  readonly firstSeq: number;
  readonly headSeq: number;
  readonly headId: string;
  readonly count: number;
  readonly writer: string;
  /** Not verified. */
  readonly appointment: Appointment | null;
}

/** Where a range begins and how large it may be. */
export interface RangeWish {
  readonly from: number;
  readonly limit: number;
  /** None follows the message that reaches it; in characters of JSON. */
  readonly maxLength: number;
}

const hash = z.string().refine(isSha256);
const number = z.number();
const topicRow = z.object({
  topic_id: hash,
  name: z.string(),
  founder: z.string(),
  user: z.string().nullable(),
  appointment: z.string().nullable(),
  first_seq: number,
  head_seq: number,
  head_id: hash,
  delegations: z.string(),
  equivocation: z.string().nullable(),
}).transform((row): HeldTopic => ({
  topicId: row.topic_id,
  name: row.name,
  founder: row.founder,
  user: row.user,
  appointment: readAppointment(row.appointment),
  firstSeq: row.first_seq,
  headSeq: row.head_seq,
  headId: row.head_id,
  delegations: z.array(z.string()).parse(JSON.parse(row.delegations)),
  equivocation: row.equivocation === null ? null : JSON.parse(row.equivocation),
}));
const headRow = z.object({
  topic_id: hash,
  name: z.string(),
  founder: z.string(),
  first_seq: number,
  head_seq: number,
  head_id: z.string(),
  count: number,
  writer: z.string(),
  appointment: z.string().nullable(),
}).transform((row): ClaimedHead => ({
  topicId: row.topic_id,
  name: row.name,
  founder: row.founder,
  firstSeq: row.first_seq,
  headSeq: row.head_seq,
  headId: row.head_id,
  count: row.count,
  writer: row.writer,
  appointment: readAppointment(row.appointment),
}));

function readAppointment(text: string | null): Appointment | null {
  return text === null ? null : appointmentSchema.parse(JSON.parse(text));
}

type Row = Readonly<Record<string, SQLOutputValue>>;

/**
 * Messages of queues that this envoy holds (`poolq.db`, root only): what its users posted, whatever becomes of their homes,
 * and what somebody here has read. Everything in it was verified. A crash may lose the last moment of it, which is then
 * found again where it came from.
 */
export class QueueStore implements Disposable {
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /**
   * Opens the file, making it if it is not there.
   *
   * @throws {Error} if it is damaged, locked, or of a later version.
   */
  static open(path: string): QueueStore {
    const db = new DatabaseSync(path);
    try {
      db.exec(
        `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;`,
      );
      const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
      if (version > SCHEMA_VERSION) {
        throw new Error(`${path} was written by a later version of vigo. Update this one`);
      }
      if (version < SCHEMA_VERSION) {
        const change = version === 0 ? SCHEMA : FROM_VERSION_1;
        writeTransaction(db, () => db.exec(`${change} PRAGMA user_version = ${SCHEMA_VERSION};`));
      }
      const { pages } = Object(
        db.prepare("SELECT page_count AS pages FROM pragma_page_count").get(),
      );
      const check = Number(pages) > MAX_CHECKED_PAGES
        ? { quick_check: "ok" }
        : db.prepare("PRAGMA quick_check(1)").get();
      if (check?.["quick_check"] !== "ok") {
        throw new Error(`database disk image is malformed: ${check?.["quick_check"]}`);
      }
    } catch (error) {
      db.close();
      throw error;
    }
    return new QueueStore(db);
  }

  /** In the order of their ids. */
  topics(): HeldTopic[] {
    return this.#all("SELECT * FROM topic ORDER BY topic_id").map((row) => topicRow.parse(row));
  }

  topic(topicId: string): HeldTopic | undefined {
    const row = this.#db.prepare("SELECT * FROM topic WHERE topic_id = ?").get(topicId);
    return row && topicRow.parse(row);
  }

  /** Keeps a topic, and adds messages to it, all or nothing; one that is there already is not touched. */
  save(topic: HeldTopic, messages: readonly VerifiedMessage[], receivedAtMs: number): void {
    writeTransaction(this.#db, () => {
      const add = this.#db.prepare("INSERT OR IGNORE INTO message VALUES (?, ?, ?, ?, ?)");
      for (const { id, message } of messages) {
        add.run(topic.topicId, message.seq, id, receivedAtMs, JSON.stringify(message));
      }
      this.#db.prepare(
        `INSERT OR REPLACE INTO topic
           (topic_id, name, founder, user, first_seq, head_seq, head_id, delegations, equivocation, appointment)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        topic.topicId,
        topic.name,
        topic.founder,
        topic.user,
        topic.firstSeq,
        topic.headSeq,
        topic.headId,
        JSON.stringify(topic.delegations),
        topic.equivocation && JSON.stringify(topic.equivocation),
        topic.appointment && JSON.stringify(topic.appointment),
      );
    });
  }

  /** Keeps a message that contradicts one that is held, as evidence. */
  saveFork(topicId: string, { id, message }: VerifiedMessage): void {
    this.#db.prepare("INSERT OR IGNORE INTO fork VALUES (?, ?, ?)")
      .run(topicId, id, JSON.stringify(message));
  }

  /** Messages as JSON, in order. */
  range(topicId: string, { from, limit, maxLength }: RangeWish): string[] {
    const texts: string[] = [];
    let length = 0;
    const rows = this.#db.prepare(
      "SELECT text FROM message WHERE topic_id = ? AND seq >= ? ORDER BY seq LIMIT ?",
    ).iterate(topicId, from, limit);
    for (const { text } of rows) {
      if (typeof text !== "string" || length >= maxLength) break;
      texts.push(text);
      length += text.length;
    }
    return texts;
  }

  /** The ids of messages up to a seq that came before a time, at most `limit`, oldest first. */
  olderThan(
    topicId: string,
    { beforeMs, upToSeq, limit }: { beforeMs: number; upToSeq: number; limit: number },
  ): { readonly seq: number; readonly id: string }[] {
    const rows = this.#db.prepare(
      "SELECT seq, msg_id, received_at_ms FROM message WHERE topic_id = ? AND seq <= ? ORDER BY seq LIMIT ?",
    ).all(topicId, upToSeq, limit);
    const kept = rows.findIndex((row) => Number(row["received_at_ms"]) >= beforeMs);
    return (kept < 0 ? rows : rows.slice(0, kept))
      .map((row) => ({ seq: Number(row["seq"]), id: String(row["msg_id"]) }));
  }

  /** Removes the messages of a topic up to a seq. */
  removeUpTo(topicId: string, seq: number): void {
    writeTransaction(this.#db, () => {
      this.#db.prepare("DELETE FROM message WHERE topic_id = ? AND seq <= ?").run(topicId, seq);
      this.#db.prepare(
        "UPDATE topic SET first_seq = max(first_seq, ? + 1) WHERE topic_id = ?",
      ).run(seq, topicId);
    });
  }

  /** Forgets a topic that was only read here. */
  forget(topicId: string): void {
    writeTransaction(this.#db, () => {
      this.#db.prepare("DELETE FROM message WHERE topic_id = ?").run(topicId);
      this.#db.prepare("DELETE FROM topic WHERE topic_id = ?").run(topicId);
    });
  }

  /** Characters of the messages of topics that were only read here, by topic. */
  cachedLengths(): { readonly topicId: string; readonly length: number }[] {
    return this.#all(
      `SELECT topic_id, sum(length(text)) AS length, max(received_at_ms) AS last FROM message
       WHERE topic_id IN (SELECT topic_id FROM topic WHERE user IS NULL)
       GROUP BY topic_id ORDER BY last`,
    ).map((row) => ({ topicId: String(row["topic_id"]), length: Number(row["length"]) }));
  }

  /** How many messages are held. */
  countMessages(): number {
    return Number(this.#db.prepare("SELECT count(*) AS count FROM message").get()?.["count"]);
  }

  claimed(topicId: string): ClaimedHead | undefined {
    const row = this.#db.prepare("SELECT * FROM head WHERE topic_id = ?").get(topicId);
    return row && headRow.parse(row);
  }

  allClaimed(): ClaimedHead[] {
    return this.#all("SELECT * FROM head ORDER BY topic_id").map((row) => headRow.parse(row));
  }

  /** Remembers what the server told of topics; its last word counts. */
  claim(heads: readonly ClaimedHead[]): void {
    writeTransaction(this.#db, () => {
      const add = this.#db.prepare(
        "INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      );
      for (const head of heads) {
        add.run(
          head.topicId,
          head.name,
          head.founder,
          head.firstSeq,
          head.headSeq,
          head.headId,
          head.count,
          head.writer,
          head.appointment && JSON.stringify(head.appointment),
        );
      }
      this.#db.prepare(
        "DELETE FROM head WHERE rowid NOT IN (SELECT rowid FROM head ORDER BY rowid DESC LIMIT ?)",
      ).run(MAX_HEADS);
    });
  }

  /** The users whose queues were carried when it was last looked. */
  granted(): ReadonlySet<string> {
    return new Set(this.#all("SELECT user FROM granted").map((row) => String(row["user"])));
  }

  setGranted(user: string, isGranted: boolean): void {
    this.#db.prepare(
      isGranted ? "INSERT OR IGNORE INTO granted VALUES (?)" : "DELETE FROM granted WHERE user = ?",
    ).run(user);
  }

  /** Brings all that is held to the disk: what is kept nowhere else must outlive a loss of power. */
  sync(): void {
    this.#db.exec("PRAGMA wal_checkpoint(FULL)");
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  #all(statement: string): Row[] {
    return this.#db.prepare(statement).all();
  }
}
