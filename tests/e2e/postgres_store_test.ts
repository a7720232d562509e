import assert from "node:assert/strict";
import { ALL_MIGRATIONS } from "../../server/store/migrations/all_migrations.ts";
import { openPostgresStore } from "../../server/store/postgres/open_postgres_store.ts";
import type { PostgresSettings } from "../../server/store/postgres/postgres_settings.ts";
import { StoreError } from "../../server/store/store_error.ts";
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

  Deno.test("a PostgreSQL that cannot be used is told in one line, without the password", async () => {
    const latin = await postgres.create(
      "latin",
      "encoding 'SQL_ASCII' locale 'C' template template0",
    );
    const { password: _, ...anonymous } = settings;
    const cases: [PostgresSettings, RegExp][] = [
      [
        { ...settings, password: "battery staple" },
        /does not let user "vigo" in with this password/,
      ],
      [anonymous, /it asks for a password, and there is none/],
      [{ ...settings, user: "nobody" }, /does not let user "nobody" in/],
      [
        { ...settings, database: "missing" },
        /there is no such database\. Create it with: createdb/,
      ],
      [{ ...settings, port: 1 }, /it cannot be reached .*database\.host and database\.port/],
      [{ ...settings, tls: {} }, /it offers no TLS/],
      [latin, /its encoding is SQL_ASCII/],
    ];
    for (const [asked, expected] of cases) {
      await assert.rejects(openPostgresStore(asked), (error) => {
        assert.ok(error instanceof StoreError, String(error));
        assert.match(error.message, expected);
        assert.doesNotMatch(error.message, /\n|battery staple|correct horse/);
        return true;
      });
    }
  });

  Deno.test("an empty PostgreSQL beside the keys of a fleet, and one of a newer version, are refused", async () => {
    const empty = await postgres.create("empty");
    await assert.rejects(
      openPostgresStore(empty, { mustExist: true }),
      /Refusing .* has no tables/,
    );
    await (await openPostgresStore(empty)).close();
    await assert.rejects(
      openPostgresStore(empty, { migrations: ALL_MIGRATIONS.slice(0, 1) }),
      /its schema is version \d+ and this vigosrv knows up to 1/,
    );
  });

  Deno.test("two servers that start on one empty PostgreSQL make its tables once", async () => {
    const shared = await postgres.create("shared");
    const [one, other] = await Promise.all([openPostgresStore(shared), openPostgresStore(shared)]);
    try {
      await one.facts.set("a", "1");
      assert.equal(await other.facts.get("a"), "1");
      // Each looks first and writes then; taking turns, none overtakes another.
      const append = (store: typeof one) =>
        store.transaction(async (inside) => {
          const count = Number(await inside.facts.get("count") ?? 0);
          await inside.facts.set("count", String(count + 1));
        });
      await Promise.all([one, other, one, other, one, other].map(append));
      assert.equal(await one.facts.get("count"), "6");
    } finally {
      await Promise.all([one.close(), other.close()]);
    }
  });

  Deno.test("a socket of PostgreSQL serves as well as its port", async () => {
    const { port, database, user } = settings;
    const store = await openPostgresStore({ host: postgres.socketFolder, port, database, user });
    assert.deepEqual(await store.integrity(), []);
    await store.close();
  });

  Deno.test("with TLS a PostgreSQL is believed by its certificate and its name, and by nothing less", async () => {
    const ca = await postgres.offerTls();
    const local = { ...settings, host: "localhost" };
    const store = await openPostgresStore({ ...local, tls: { ca } });
    const used = await postgres.sql(
      "select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'vigosrv'",
      "contract",
    );
    await store.close();
    assert.equal(used, "t");
    for (const stranger of [{ ...local, tls: {} }, { ...settings, tls: { ca } }]) {
      await assert.rejects(openPostgresStore(stranger), /its certificate is not valid for /);
    }
  });
} else {
  Deno.test({ name: "the store's contract on PostgreSQL", ignore: true, fn: () => {} });
}
