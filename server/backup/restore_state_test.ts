import assert from "node:assert/strict";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { openSqliteReader, openSqliteStore } from "../store/open_sqlite_store.ts";
import { someEnvoy } from "../store/contract_records.ts";
import { UNFINISHED_FACT } from "../wiring/open_state.ts";
import { type BackupHeader, writeLines } from "./backup_format.ts";
import { openOwnDatabase } from "./database_end.ts";
import { readState } from "./read_state.ts";
import { checkBackup, restoreState } from "./restore_state.ts";

/** The bytes of a backup of a small server. */
async function makeBackup(root: TemporaryRoot): Promise<Uint8Array[]> {
  const path = root.join("vigo.db");
  const store = await openSqliteStore(path);
  for (let n = 0; n < 60; n += 1) await store.envoys.add(someEnvoy());
  await store.close();
  await Deno.mkdir(root.join("old/tls"), { recursive: true });
  await Deno.mkdir(root.join("old/secrets"));
  await Deno.writeTextFile(root.join("old/tls/ca.crt"), "certificate");
  await Deno.writeTextFile(root.join("old/tls/ca.key"), "key", { mode: 0o600 });
  await Deno.writeTextFile(root.join("old/secrets/local.token"), "token");
  await using source = await openOwnDatabase({ path, postgres: undefined });
  const state = readState(source, root.join("old"), root.join("server.yaml"), () => {});
  return await Array.fromAsync(writeLines(state));
}

async function* cutOff(parts: readonly Uint8Array[], count: number): AsyncGenerator<Uint8Array> {
  yield* parts.slice(0, count);
  await Promise.reject(new Error("the disk is gone"));
}

Deno.test("a restore that is interrupted says so in the database, and can be begun again", async () => {
  await using root = await TemporaryRoot.create();
  const parts = await makeBackup(root);
  const { header, rows } = await checkBackup(ReadableStream.from(parts), "a.backup");
  assert.equal(rows, 60);
  const path = root.join("new.db");
  const restore = (bytes: AsyncIterable<Uint8Array>) =>
    restoreState(bytes, {
      name: "a.backup",
      schemaVersion: header.schemaVersion,
      folder: root.join("new"),
      path,
      postgres: undefined,
      keepsConfig: false,
      tell: () => {},
    });
  // After the rows and one file: what a crash would leave behind.
  await assert.rejects(restore(cutOff(parts, parts.length - 2)), /the disk is gone/);
  const half = await openSqliteStore(path);
  assert.equal((await half.envoys.list()).length, 0);
  assert.equal(await half.facts.get(UNFINISHED_FACT), "a restore");
  await half.close();

  await restore(ReadableStream.from(parts));
  const whole = await openSqliteStore(path);
  assert.equal((await whole.envoys.list()).length, 60);
  assert.equal(await whole.facts.get(UNFINISHED_FACT), undefined);
  await whole.close();
  assert.equal(await Deno.readTextFile(root.join("new/tls/ca.crt")), "certificate");
  const { mode } = await Deno.stat(root.join("new/tls/ca.key"));
  assert.equal((mode ?? 0) & 0o777, 0o600);
  await assert.rejects(Deno.stat(root.join("new/secrets/local.token")), Deno.errors.NotFound);
  await assert.rejects(restore(ReadableStream.from(parts)), /not empty: table envoys has rows/);
});

Deno.test("a backup of a newer schema is refused by the version that made it", async () => {
  const header: BackupHeader = {
    kind: "header",
    format: 1,
    version: "9.9.9",
    createdAtMs: 1,
    schemaVersion: 999,
  };
  const bytes = writeLines(ReadableStream.from([header]));
  await assert.rejects(
    checkBackup(bytes, "a.backup"),
    /vigosrv 9\.9\.9 made it, with schema 999, .* Use that version/,
  );
});

Deno.test("a backup is of one moment, whatever is written while it is read", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("vigo.db");
  const store = await openSqliteStore(path);
  for (let n = 0; n < 200; n += 1) {
    await store.facts.set(`fact ${String(n).padStart(3, "0")}`, "old");
  }
  const database = openSqliteReader(path);
  const values: unknown[] = [];
  let isFirst = true;
  const state = readState({ database, driver: "sqlite" }, root.join("x"), root.join("y"), () => {});
  for await (const record of state) {
    if (record.kind !== "row") continue;
    values.push(record.values[1]);
    if (!isFirst) continue;
    isFirst = false;
    await store.transaction(async (inside) => {
      for (let n = 0; n < 200; n += 1) {
        await inside.facts.set(`fact ${String(n).padStart(3, "0")}`, "new");
      }
      await inside.facts.set("zzz", "new");
    });
  }
  assert.deepEqual([values.length, new Set(values)], [200, new Set(["old"])]);
  await database.destroy();
  await store.close();
});
