import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { ALL_MIGRATIONS } from "./migrations/all_migrations.ts";
import type { Migration } from "./migrations/migration.ts";
import { checkIntegrityAside } from "./check_integrity_aside.ts";
import { openSqliteStore } from "./open_sqlite_store.ts";
import { someEnvoy, someObservation, someRun } from "./contract_records.ts";
import { testStoreContract } from "./store_contract_suite.ts";
import { StoreError } from "./store_error.ts";
import { someTarget, someTask } from "./task_fixture.ts";

testStoreContract("sqlite store", () => openSqliteStore(":memory:"));

Deno.test("what was committed is there after the database is opened again", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("vigo.db");
  const first = await openSqliteStore(path);
  await first.facts.set("fleet_serial", "7");
  await first.close();
  const second = await openSqliteStore(path);
  assert.equal(await second.facts.get("fleet_serial"), "7");
  assert.deepEqual(await second.integrity(), []);
  await second.close();
});

Deno.test("what was committed survives a process that never closed its database", async () => {
  await using root = await TemporaryRoot.create();
  const abandoned = await openSqliteStore(root.join("vigo.db"));
  await abandoned.facts.set("fleet_serial", "7");
  // The files as they lie on the disk at this moment, the write-ahead log included.
  for (const suffix of ["", "-wal"]) {
    await Deno.copyFile(root.join(`vigo.db${suffix}`), root.join(`copy.db${suffix}`));
  }
  const copy = await openSqliteStore(root.join("copy.db"));
  assert.equal(await copy.facts.get("fleet_serial"), "7");
  await copy.close();
  await abandoned.close();
});

Deno.test("a file that is no database is refused by name and left as it is", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("vigo.db");
  const bytes = new Uint8Array(8192).fill(7);
  await Deno.writeFile(path, bytes);
  await assert.rejects(
    openSqliteStore(path),
    isRefusal(path, /damaged .* restore it from a backup/),
  );
  assert.deepEqual(await Deno.readFile(path), bytes);
});

Deno.test("a database with a damaged page is refused and left as it is", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("vigo.db");
  const store = await openSqliteStore(path);
  await store.transaction(async (inside) => {
    for (let n = 0; n < 2000; n += 1) await inside.facts.set(`fact ${n}`, "value");
  });
  await store.close();
  const bytes = await Deno.readFile(path);
  // The header and the schema stay whole: only a look at the pages themselves finds this.
  bytes.fill(0xa5, bytes.length - 3 * 4096);
  await Deno.writeFile(path, bytes);
  await assert.rejects(openSqliteStore(path), isRefusal(path, /damaged/));
  assert.deepEqual(await Deno.readFile(path), bytes);
});

Deno.test("a database that another process has locked is refused, with how to find that process", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("vigo.db");
  await (await openSqliteStore(path)).close();
  const other = new DatabaseSync(path);
  other.exec("PRAGMA locking_mode = EXCLUSIVE");
  other.exec("BEGIN EXCLUSIVE");
  try {
    await assert.rejects(
      openSqliteStore(path, { busyTimeoutMs: 1 }),
      isRefusal(path, /another process holds a lock on it\. Find it with: fuser -v/),
    );
  } finally {
    other.close();
  }
});

Deno.test("a database in a missing folder is refused", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("missing", "vigo.db");
  await assert.rejects(openSqliteStore(path), isRefusal(path, /unable to open/));
});

const addNote: Migration = {
  number: ALL_MIGRATIONS.length + 1,
  name: "add_note",
  apply: (transaction) =>
    transaction.schema.alterTable("facts").addColumn("note", "text").execute(),
};

Deno.test("an older database is brought up to date with what it holds", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("vigo.db");
  const old = await openSqliteStore(path);
  await old.facts.set("a", "kept");
  await old.close();
  const migrated = await openSqliteStore(path, { migrations: [...ALL_MIGRATIONS, addNote] });
  assert.equal(await migrated.facts.get("a"), "kept");
  await migrated.close();
  assert.equal(columnsOf(path, "facts").includes("note"), true);
});

Deno.test("a database of a newer version is refused with both versions", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("vigo.db");
  await (await openSqliteStore(path, { migrations: [...ALL_MIGRATIONS, addNote] })).close();
  await assert.rejects(
    openSqliteStore(path),
    isRefusal(
      path,
      new RegExp(`version ${addNote.number} .* knows up to ${ALL_MIGRATIONS.length}`),
    ),
  );
});

Deno.test("a migration that fails halfway leaves the database at the step before it", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("vigo.db");
  const broken: Migration = {
    ...addNote,
    apply: async (transaction) => {
      await addNote.apply(transaction);
      throw new RangeError("on purpose");
    },
  };
  await assert.rejects(
    openSqliteStore(path, { migrations: [...ALL_MIGRATIONS, broken] }),
    RangeError,
  );
  assert.equal(columnsOf(path, "facts").includes("note"), false);
  await (await openSqliteStore(path)).close();
});

/** As the server has it: everything is read by a thread of its own. */
function openChecked(path: string) {
  return openSqliteStore(path, { checkIntegrity: (signal) => checkIntegrityAside(path, signal) });
}

Deno.test("a check of the integrity waits for nobody, and nobody for it", async () => {
  await using root = await TemporaryRoot.create();
  const store = await openChecked(root.join("vigo.db"));
  try {
    // On the store's only connection it would wait for this transaction, and so for itself.
    await store.transaction(async (inner) => {
      await inner.facts.set("a", "b");
      assert.deepEqual(await store.integrity(), []);
    });
    assert.equal(await store.facts.get("a"), "b");
  } finally {
    await store.close();
  }
});

Deno.test("a check of the integrity names damaged indexes and rows that refer to nothing", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("vigo.db");
  const store = await openChecked(path);
  try {
    using other = new DatabaseSync(path, { enableForeignKeyConstraints: false });
    other.exec(`
      CREATE TABLE parent (id INTEGER PRIMARY KEY);
      CREATE TABLE child (parent INTEGER REFERENCES parent, name TEXT);
      INSERT INTO child VALUES (7, 'x');
      CREATE INDEX by_name ON child (name);
    `);
    assert.deepEqual(await store.integrity(), ["row 1 of child names a missing row of parent"]);
    // As an index that missed a change: its definition no longer fits what is in it.
    other.enableDefensive?.(false);
    other.exec(`
      PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = 'CREATE INDEX by_name ON child (parent)' WHERE name = 'by_name';
    `);
    assert.match((await store.integrity()).join(), /row 1 missing from index by_name/);
  } finally {
    await store.close();
  }
});

Deno.test("a check of the integrity ends with the store", async () => {
  await using root = await TemporaryRoot.create();
  const store = await openChecked(root.join("vigo.db"));
  const checked = store.integrity();
  await store.close();
  await assert.rejects(checked, /it is being closed/);
  await assert.rejects(store.integrity(), /it is being closed/);
});

Deno.test("a vacuum gives the space of removed rows back to the disk, step by step", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("vigo.db");
  const store = await openSqliteStore(path);
  try {
    // More pages than one step gives back.
    await store.facts.set("large", "x".repeat(8 * 1024 * 1024));
    await store.facts.remove("large");
    const { freeBytes } = await store.stats();
    assert.ok(freeBytes >= 8 * 1024 * 1024);
    // The pages that map the others go too.
    assert.ok(await store.vacuum() >= freeBytes);
    assert.equal((await store.stats()).freeBytes, 0);
    assert.ok((await Deno.stat(path)).size < 1024 * 1024);
  } finally {
    await store.close();
  }
});

Deno.test("a database from before vacuums went in steps is rewritten by the first one", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("vigo.db");
  const bare = new DatabaseSync(path);
  bare.exec("CREATE TABLE old (text TEXT); DROP TABLE old;");
  bare.close();
  const store = await openSqliteStore(path);
  try {
    await store.facts.set("large", "x".repeat(2 * 1024 * 1024));
    await store.facts.remove("large");
    assert.ok(await store.vacuum() >= 1024 * 1024);
    assert.equal((await store.stats()).freeBytes, 0);
  } finally {
    await store.close();
  }
});

Deno.test("the migrations are numbered from 1 without gaps", () => {
  assert.deepEqual(
    ALL_MIGRATIONS.map(({ number }) => number),
    ALL_MIGRATIONS.map((_migration, index) => index + 1),
  );
});

function columnsOf(path: string, table: string): unknown[] {
  const database = new DatabaseSync(path);
  try {
    return database.prepare("SELECT name FROM pragma_table_info(?)").all(table)
      .map(({ name }) => name);
  } finally {
    database.close();
  }
}

function isRefusal(path: string, pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.ok(error.message.includes(`"${path}"`), error.message);
    assert.match(error.message, pattern);
    assert.equal(error.message.includes("\n"), false);
    return true;
  };
}

Deno.test("a run that no view can show costs itself alone", async () => {
  const s = await openSqliteStore(":memory:");
  const wrong = someRun({ startedAtMs: 3, changed: 3 * Number.MAX_SAFE_INTEGER });
  for (const run of [someRun({ startedAtMs: 4 }), wrong, someRun({ startedAtMs: 2 })]) {
    await s.runs.add(run);
  }
  const { runs } = await s.runs.list({ limit: 10 });
  assert.deepEqual(runs.map(({ startedAtMs }) => startedAtMs), [4, 2]);
  const pages = await s.runs.list({ limit: 1 });
  assert.equal(pages.runs[0]?.startedAtMs, 4);
  assert.notEqual(pages.nextCursor, null, "the page does not end where the row is left out");
  assert.equal(await s.runs.find(wrong.summary.runId), undefined);
  await s.close();
});

Deno.test(
  "numbers of an observation that no clock tells are bounded when they are read",
  async () => {
    const s = await openSqliteStore(":memory:");
    const envoy = someEnvoy({ hostname: "web-1" });
    await s.envoys.add(envoy);
    for (const absurd of [1e308, 1e17]) {
      await s.envoys.saveObservations([{
        ...someObservation(envoy.uuid),
        runSerial: absurd,
        runFinishedAtMs: absurd,
        pausedUntilMs: absurd,
        changeStreak: absurd,
      }]);
      const [read] = await s.envoys.listObservations();
      assert.ok(read);
      assert.equal(read.runSerial, Number.MAX_SAFE_INTEGER);
      assert.equal(read.changeStreak, 0xffff_ffff);
      for (const timeMs of [read.runFinishedAtMs, read.pausedUntilMs]) {
        assert.ok(Number.isFinite(new Date(timeMs).getTime()));
      }
    }
    await s.close();
  },
);

Deno.test("while a task of thousands of targets is added, whoever needs no database gets a turn", async () => {
  const store = await openSqliteStore(":memory:");
  const targets = Array.from({ length: 5_000 }, (_, position) => someTarget(position));
  const task = someTask("t1", { targets: targets.length });
  let turns = 0, isAdded = false;
  const added = store.transaction((inside) => inside.tasks.add(task, targets)).then((ok) => {
    isAdded = true;
    return ok;
  });
  while (!isAdded) {
    await setImmediate();
    turns += 1;
  }
  assert.equal(await added, true);
  assert.ok(turns >= 9, `${turns} turns`);
  assert.equal(
    (await store.tasks.listTargets("t1", { limit: 9_999, withOutput: false })).length,
    5_000,
  );
  await store.close();
});
