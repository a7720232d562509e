import { openPostgresStore } from "../../server/store/postgres/open_postgres_store.ts";
import { testStoreContract } from "../../server/store/store_contract_suite.ts";
import { TestPostgres } from "../support/test_postgres.ts";

if (TestPostgres.isInstalled()) {
  // One for the whole file, and outside of its tests, which take turns.
  const postgres = await TestPostgres.start();
  Deno.test.afterAll(() => postgres[Symbol.asyncDispose]());
  const settings = await postgres.create("contract");
  testStoreContract("postgres store", async () => {
    await postgres.sql("drop schema public cascade; create schema public", "contract");
    return await openPostgresStore(settings);
  });
} else {
  Deno.test({ name: "the store's contract on PostgreSQL", ignore: true, fn: () => {} });
}
