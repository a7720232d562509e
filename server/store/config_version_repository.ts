import type { Kysely } from "kysely";
import type { ConfigVersion } from "../../shared/rest/config.ts";
import type { Atomically } from "./atomically.ts";
import type { ConfigVersionRepository } from "./store.ts";
import type { Tables } from "./tables.ts";

export class SqlConfigVersionRepository implements ConfigVersionRepository {
  readonly #database: Kysely<Tables>;
  readonly #atomically: Atomically;

  constructor(
    database: Kysely<Tables>,
    atomically: Atomically,
  ) {
    this.#database = database;
    this.#atomically = atomically;
  }

  append(version: ConfigVersion): Promise<void> {
    return this.#atomically(async (database) => {
      if (version.live) {
        await database.updateTable("config_versions").set({ is_live: 0 }).execute();
      }
      const { seq } = await database.selectFrom("config_versions")
        .select(({ fn }) => fn.max("seq").as("seq")).executeTakeFirstOrThrow();
      await database.insertInto("config_versions").values({
        // The maximum of no rows is null, which the type does not tell.
        seq: Number(seq ?? 0) + 1,
        version: version.version,
        published_at_ms: version.publishedAtMs,
        published_by: version.publishedBy,
        message: version.message,
        is_live: version.live ? 1 : 0,
        rollback_of: version.rollbackOf,
      }).execute();
    });
  }

  async list(limit: number): Promise<ConfigVersion[]> {
    const rows = await this.#database.selectFrom("config_versions").selectAll()
      .orderBy("seq", "desc").limit(limit).execute();
    return rows.map((row) => ({
      version: row.version,
      publishedAtMs: row.published_at_ms,
      publishedBy: row.published_by,
      message: row.message,
      live: row.is_live === 1,
      rollbackOf: row.rollback_of,
    }));
  }
}
