import type { Kysely } from "kysely";
import type { FactRepository } from "./store.ts";
import type { Tables } from "./tables.ts";

export class SqlFactRepository implements FactRepository {
  readonly #database: Kysely<Tables>;

  constructor(database: Kysely<Tables>) {
    this.#database = database;
  }

  async get(name: string): Promise<string | undefined> {
    const row = await this.#database.selectFrom("facts").select("value").where("name", "=", name)
      .executeTakeFirst();
    return row?.value;
  }

  async set(name: string, value: string): Promise<void> {
    await this.#database.insertInto("facts").values({ name, value })
      .onConflict((conflict) => conflict.column("name").doUpdateSet({ value })).execute();
  }

  async remove(name: string): Promise<void> {
    await this.#database.deleteFrom("facts").where("name", "=", name).execute();
  }
}
