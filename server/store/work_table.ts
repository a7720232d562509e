import type { Kysely } from "kysely";
import { readTaskCursor, writeTaskCursor } from "./task_cursor.ts";
import type { Tables } from "./tables.ts";

/** What is kept of a task or a workflow: what it is, and how far it is. */
interface StoredWork {
  readonly record: { readonly id: string; readonly createdAtMs: number };
}

/** Both as JSON. */
type WorkRow = Pick<Tables["tasks" | "workflows"], "record" | "progress">;

/** The questions that tasks and workflows answer alike. */
export class WorkTable<Stored extends StoredWork> {
  readonly #database: Kysely<Tables>;
  readonly #table: "tasks" | "workflows";
  readonly #read: (row: WorkRow) => Stored;

  constructor(
    database: Kysely<Tables>,
    table: "tasks" | "workflows",
    read: (row: WorkRow) => Stored,
  ) {
    this.#database = database;
    this.#table = table;
    this.#read = read;
  }

  async find(id: string): Promise<Stored | undefined> {
    const row = await this.#rows().where("work.id", "=", id).executeTakeFirst();
    return row && this.#read(row);
  }

  /** At most `limit` ids that begin so. */
  async findIds(prefix: string, limit: number): Promise<string[]> {
    const rows = await this.#from().select("work.id")
      // Every id is ASCII, so that this is the end of all texts that begin so.
      .where("work.id", ">=", prefix).where("work.id", "<", `${prefix}~`)
      .orderBy("work.id").limit(limit).execute();
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
    let query = this.#rows().orderBy("work.created_at_ms", "desc").orderBy("work.id", "desc")
      .limit(limit + 1);
    if (cursor !== undefined) {
      const { createdAtMs, id } = readTaskCursor(cursor);
      query = query.where(({ or, and, eb }) =>
        or([
          eb("work.created_at_ms", "<", createdAtMs),
          and([eb("work.created_at_ms", "=", createdAtMs), eb("work.id", "<", id)]),
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
    const rows = await this.#rows().where("work.status", "=", "running")
      .orderBy("work.created_at_ms").orderBy("work.id").execute();
    return rows.map(this.#read);
  }

  #rows() {
    return this.#from().select(["work.record", "work.progress"]);
  }

  #from() {
    return this.#database.selectFrom(this.#database.dynamic.table(this.#table).as("work"));
  }
}
