import type { Kysely } from "kysely";
import { readTaskCursor, writeTaskCursor } from "./task_cursor.ts";
import type { Tables } from "./tables.ts";

/** What is kept of something that people start and that is over some time: what it is, and how far it is. */
interface StoredRun {
  readonly record: { readonly id: string; readonly createdAtMs: number };
}

/** Both as JSON. */
type RunRow = Pick<Tables["tasks" | "workflows"], "record" | "progress">;

/** The questions that tasks and workflows answer alike. */
export class RunTable<Stored extends StoredRun> {
  readonly #database: Kysely<Tables>;
  readonly #table: "tasks" | "workflows";
  readonly #read: (row: RunRow) => Stored;

  constructor(
    database: Kysely<Tables>,
    table: "tasks" | "workflows",
    read: (row: RunRow) => Stored,
  ) {
    this.#database = database;
    this.#table = table;
    this.#read = read;
  }

  async find(id: string): Promise<Stored | undefined> {
    const row = await this.#rows().where("run.id", "=", id).executeTakeFirst();
    return row && this.#read(row);
  }

  /** At most `limit` ids that begin so. */
  async findIds(prefix: string, limit: number): Promise<string[]> {
    const rows = await this.#from().select("run.id")
      // Every id is ASCII, so that this is the end of all texts that begin so.
      .where("run.id", ">=", prefix).where("run.id", "<", `${prefix}~`)
      .orderBy("run.id").limit(limit).execute();
    return rows.map(({ id }) => id);
  }

  /**
   * Newest first.
   *
   * @throws {CursorError} if the cursor is not one that a page came with.
   */
  async list(
    { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ found: Stored[]; nextCursor: string | null }> {
    let query = this.#rows().orderBy("run.created_at_ms", "desc").orderBy("run.id", "desc")
      .limit(limit + 1);
    if (cursor !== undefined) {
      const { createdAtMs, id } = readTaskCursor(cursor);
      query = query.where(({ or, and, eb }) =>
        or([
          eb("run.created_at_ms", "<", createdAtMs),
          and([eb("run.created_at_ms", "=", createdAtMs), eb("run.id", "<", id)]),
        ])
      );
    }
    const rows = await query.execute();
    const found = rows.slice(0, limit).map(this.#read);
    const last = found.at(-1);
    return {
      found,
      nextCursor: rows.length > limit && last ? writeTaskCursor(last.record) : null,
    };
  }

  /** What is not over, oldest first. */
  async listUnfinished(): Promise<Stored[]> {
    const rows = await this.#rows().where("run.status", "=", "running")
      .orderBy("run.created_at_ms").orderBy("run.id").execute();
    return rows.map(this.#read);
  }

  #rows() {
    return this.#from().select(["run.record", "run.progress"]);
  }

  #from() {
    return this.#database.selectFrom(this.#database.dynamic.table(this.#table).as("run"));
  }
}
