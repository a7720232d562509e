import type { Kysely } from "kysely";
import { ALL_MIGRATIONS } from "./migrations/all_migrations.ts";
import type { Migration } from "./migrations/migration.ts";
import { StoreError } from "./store_error.ts";
import type { Tables } from "./tables.ts";

/**
 * Brings the schema up to date. Each step is one transaction that also records itself, so a crash leaves the database
 * at a whole step.
 *
 * @param name of the database, for messages.
 * @throws {StoreError} if a newer program has already taken the schema further than this one knows.
 */
export async function migrate(
  database: Kysely<Tables>,
  name: string,
  migrations: readonly Migration[] = ALL_MIGRATIONS,
): Promise<void> {
  await database.schema.createTable("schema_migrations").ifNotExists()
    .addColumn("number", "integer", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("applied_at_ms", "bigint", (column) => column.notNull())
    .execute();
  const applied = await database.selectFrom("schema_migrations").select("number")
    .orderBy("number", "desc").limit(1).executeTakeFirst();
  const current = applied?.number ?? 0;
  if (current > migrations.length) {
    throw new StoreError(
      `Cannot open database "${name}": its schema is version ${current} and this vigosrv knows up to ${migrations.length}. ` +
        "Start the newer vigosrv, or restore a backup made by this version",
    );
  }
  for (const migration of migrations.slice(current)) {
    await database.transaction().execute(async (transaction) => {
      await migration.apply(transaction);
      await transaction.insertInto("schema_migrations").values({
        number: migration.number,
        name: migration.name,
        applied_at_ms: Date.now(),
      }).execute();
    });
  }
}
