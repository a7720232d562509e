import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { moveDatabase } from "../../server/backup/move_database.ts";
import { databasePath } from "../../server/prepare_root.ts";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { openOwnDatabase } from "../../server/backup/database_end.ts";
import { copyDatabase } from "../../server/store/copy/copy_database.ts";
import { listCopiedTables } from "../../server/store/copy/table_catalog.ts";
import { openSqliteStore } from "../../server/store/open_sqlite_store.ts";
import { openPostgresStore } from "../../server/store/postgres/open_postgres_store.ts";
import { someEnvoy, someObservation, someRun } from "../../server/store/contract_records.ts";
import { StoreError } from "../../server/store/store_error.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { TestPostgres } from "../support/test_postgres.ts";

const IGNORED = { verify: () => Promise.resolve(), tell: () => {} };

Deno.test({
  name: "every row is copied from SQLite to PostgreSQL and back, whatever its texts hold",
  ignore: !TestPostgres.isInstalled(),
}, async (t) => {
  await using root = await TemporaryRoot.create();
  await using postgres = await TestPostgres.start();
  const settings = await postgres.create("copy");
  const path = root.join("vigo.db");
  const store = await openSqliteStore(path);
  const envoys = Array.from({ length: 120 }, () => someEnvoy());
  for (const envoy of envoys) await store.envoys.add(envoy);
  await store.envoys.saveObservations(
    envoys.map(({ uuid }) => ({
      ...someObservation(uuid),
      pausedReason: "a\0b \u{1F600} \\u0000",
    })),
  );
  await store.runs.add(someRun({}));
  await store.bundles.saveAll([{ root: "ab".repeat(32), policyVersion: "v", resources: [] }], 1);
  await store.close();

  await t.step(
    "both databases name the same tables, in an order that their rows allow",
    async () => {
      await using one = await openOwnDatabase({ path, postgres: undefined });
      await using other = await openOwnDatabase({ path, postgres: settings });
      const [ours, theirs] = [
        await listCopiedTables(one.database, one.driver),
        await listCopiedTables(other.database, other.driver),
      ];
      const shape = (tables: typeof ours) =>
        tables.map(({ name, columns, key }) => ({ name, columns: [...columns].sort(), key }));
      assert.deepEqual(shape(theirs), shape(ours));
      const names = ours.map(({ name }) => name);
      assert.ok(names.indexOf("envoys") < names.indexOf("certificates"));
    },
  );

  await t.step("a copy whose check fails leaves nothing behind", async () => {
    await using source = await openOwnDatabase({ path, postgres: undefined });
    await using target = await openOwnDatabase({ path, postgres: settings });
    const verify = () => Promise.reject(new StoreError("the audit chain is broken"));
    await assert.rejects(copyDatabase(source, target, { ...IGNORED, verify }), /chain is broken/);
    const { rows } = await target.database.selectFrom("envoys").select(({ fn }) =>
      fn.countAll<number>().as("rows")
    ).executeTakeFirstOrThrow();
    assert.equal(rows, 0);
  });

  await t.step("there and back again every row is the same", async () => {
    {
      await using source = await openOwnDatabase({ path, postgres: undefined });
      await using target = await openOwnDatabase({ path, postgres: settings });
      await copyDatabase(source, target, IGNORED);
      await assert.rejects(
        copyDatabase(source, target, IGNORED),
        /Cannot copy into copy at 127.*not empty: table \w+ has rows/,
      );
    }
    const counted: string[] = [];
    const back = root.join("back.db");
    await using source = await openOwnDatabase({ path, postgres: settings });
    await using target = await openOwnDatabase({ path: back, postgres: undefined });
    await copyDatabase(source, target, {
      ...IGNORED,
      tell: ({ name, rows }) => void (rows > 0 && counted.push(`${name} ${rows}`)),
    });
    assert.deepEqual(counted.sort(), [
      "bundles 1",
      "envoy_observations 120",
      "envoy_stable_traits 120",
      "envoys 120",
      "runs 1",
    ]);
  });

  await t.step("a move into a file is whole or under a name that no server opens", async () => {
    const folders = { db: root.join("srv/db"), tls: root.join("srv/tls") };
    await Deno.mkdir(folders.db, { recursive: true });
    await Deno.mkdir(folders.tls);
    await Deno.writeTextFile(join(folders.tls, "signing.key"), generateEd25519().privateKeyPem);
    const target = databasePath(folders.db);
    const files = async () =>
      (await Array.fromAsync(Deno.readDir(folders.db))).map(({ name }) => name).sort();
    const isThere = async () => (await files()).includes("vigo.db");
    const seen = new Set<boolean>();
    const lookEachTime = () => void seen.add(existsSync(target));
    // What a move that was killed has left.
    await Deno.writeTextFile(`${target}.unfinished`, "half of a database");
    await Deno.writeTextFile(`${target}.unfinished-wal`, "and of its log");
    const dying = moveDatabase(folders, settings, undefined, () => {
      throw new Error("killed");
    });
    await assert.rejects(dying, /killed/);
    assert.equal(await isThere(), false);
    const { to } = await moveDatabase(folders, settings, undefined, lookEachTime);
    assert.equal(to, `"${target}"`);
    assert.deepEqual(seen, new Set([false]));
    assert.deepEqual(await files(), ["vigo.db"]);
    const moved = await openSqliteStore(target);
    assert.equal((await moved.envoys.list()).length, envoys.length);
    await moved.close();
  });

  await t.step(
    "a database that a server uses is nobody else's, and the other way round",
    async () => {
      const server = await openPostgresStore(settings);
      await assert.rejects(
        openOwnDatabase({ path, postgres: settings }),
        /Cannot use database .* alone: a vigosrv is using it/,
      );
      await server.close();
      await using _alone = await openOwnDatabase({ path, postgres: settings });
      await assert.rejects(openPostgresStore(settings), /it is being moved or restored/);
    },
  );
});
