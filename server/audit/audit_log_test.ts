import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { LOCAL_ROOT } from "../service/principal.ts";
import { MemoryStore } from "../store/memory_store.ts";
import { openSqliteStore } from "../store/open_sqlite_store.ts";
import type { Store } from "../store/store.ts";
import type { KeptHead } from "../../shared/audit/audit_chain.ts";
import { AuditLog, BrokenChainError } from "./audit_log.ts";
import { signAuditHead } from "../../shared/audit/audit_head.ts";
import { auditRecordHash, GENESIS_HASH } from "../../shared/audit/audit_record_hash.ts";

const { signer } = generateEd25519();

function openLog(store: Store): AuditLog {
  let nowMs = 1_700_000_000_000;
  return new AuditLog(store, signer, () => nowMs += 1000);
}

async function recordActs(log: AuditLog, count: number): Promise<void> {
  for (let n = 1; n <= count; n += 1) {
    await log.record(LOCAL_ROOT, "envoy.revoke", { host: `web-${n}` });
  }
}

/** A chain of five records in a file, changed with SQL behind the program's back, then verified. */
async function verifyAfter(tamper: string, options: { signed: boolean } = { signed: false }) {
  await using root = await TemporaryRoot.create();
  const path = root.join("vigo.db");
  const store = await openSqliteStore(path);
  const log = openLog(store);
  await recordActs(log, 5);
  if (options.signed) await log.signHead();
  const attacker = new DatabaseSync(path);
  attacker.exec(tamper);
  attacker.close();
  const verdict = await log.verify();
  await store.close();
  return verdict;
}

Deno.test("an empty chain and a whole one are intact, signed or not", async () => {
  const store = new MemoryStore();
  const log = openLog(store);
  await log.signHead();
  assert.deepEqual(await log.verify(), {
    intact: true,
    records: 0,
    headHash: GENESIS_HASH,
    brokenAt: null,
    reason: "",
  });
  await recordActs(log, 3);
  await log.signHead();
  await recordActs(log, 2);
  const verdict = await log.verify();
  assert.deepEqual([verdict.intact, verdict.records], [true, 5]);
  assert.equal(verdict.headHash, (await store.audit.head())?.hash);
});

Deno.test("a record names its principal and chains to the one before it", async () => {
  const store = new MemoryStore();
  const log = openLog(store);
  const first = await log.record(LOCAL_ROOT, "envoy.revoke", { host: "web-1" });
  const second = await log.record({ name: "envoy:1" }, "certificate.renew", {});
  assert.deepEqual([first.seq, first.principal, first.prevHash], [1, "local-root", GENESIS_HASH]);
  assert.deepEqual([second.seq, second.principal, second.prevHash], [2, "envoy:1", first.hash]);
});

Deno.test("acts recorded at once end in one chain", async () => {
  const store = await openSqliteStore(":memory:");
  const log = openLog(store);
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => log.record(LOCAL_ROOT, "envoy.revoke", { n })),
  );
  assert.deepEqual(await log.verify().then(({ intact, records }) => [intact, records]), [true, 20]);
  await store.close();
});

Deno.test("an act that fails takes its record with it", async () => {
  const store = await openSqliteStore(":memory:");
  const log = openLog(store);
  await assert.rejects(store.transaction(async (inside) => {
    await log.recordInside(inside, LOCAL_ROOT, "envoy.revoke", {});
    throw new RangeError("on purpose");
  }));
  assert.equal(await store.audit.head(), undefined);
  await store.close();
});

for (
  const [what, column, value] of [
    ["content", "payload", `'{"host":"web-9"}'`],
    ["principal", "principal", "'somebody'"],
    ["action", "action", "'envoy.accept'"],
    ["time", "at_ms", "1"],
    ["hash", "hash", "'00'"],
  ]
) {
  Deno.test(`a record whose ${what} was changed is named`, async () => {
    const verdict = await verifyAfter(
      `UPDATE audit_records SET ${column} = ${value} WHERE seq = 3`,
    );
    assert.deepEqual([verdict.intact, verdict.records, verdict.brokenAt], [false, 2, 3]);
    assert.equal(verdict.reason, "record 3 was changed");
  });
}

Deno.test("a record whose columns no longer parse is named after all before it are checked", async () => {
  const later = await verifyAfter("UPDATE audit_records SET payload = '{' WHERE seq = 4");
  assert.deepEqual([later.brokenAt, later.reason], [4, "record 4 cannot be read"]);
  const both = await verifyAfter(
    "UPDATE audit_records SET payload = '{' WHERE seq = 4; UPDATE audit_records SET action = 'x' WHERE seq = 2",
  );
  assert.deepEqual([both.brokenAt, both.reason], [2, "record 2 was changed"]);
  const gap = await verifyAfter(
    "UPDATE audit_records SET payload = '{' WHERE seq = 4; DELETE FROM audit_records WHERE seq = 2",
  );
  assert.deepEqual([gap.brokenAt, gap.reason], [2, "record 2 is missing"]);
  const first = await verifyAfter("UPDATE audit_records SET payload = '{' WHERE seq = 1");
  assert.deepEqual([first.brokenAt, first.records], [1, 0]);
});

Deno.test("a deleted record is named, even if those after it were renumbered", async () => {
  const gap = await verifyAfter("DELETE FROM audit_records WHERE seq = 3");
  assert.deepEqual([gap.brokenAt, gap.reason], [3, "record 3 is missing"]);
  const renumbered = await verifyAfter(
    "DELETE FROM audit_records WHERE seq = 3; UPDATE audit_records SET seq = 3 WHERE seq = 4",
  );
  assert.equal(renumbered.brokenAt, 3);
  assert.equal((await verifyAfter("DELETE FROM audit_records WHERE seq = 1")).brokenAt, 1);
});

Deno.test("two records that changed places are named", async () => {
  const verdict = await verifyAfter(
    "UPDATE audit_records SET seq = 99 WHERE seq = 2; UPDATE audit_records SET seq = 2 WHERE seq = 3;" +
      "UPDATE audit_records SET seq = 3 WHERE seq = 99",
  );
  assert.deepEqual([verdict.intact, verdict.brokenAt], [false, 2]);
});

Deno.test("a chain cut at its end shows against the signed head", async () => {
  const cut = "DELETE FROM audit_records WHERE seq > 3";
  assert.equal((await verifyAfter(cut)).intact, true);
  const verdict = await verifyAfter(cut, { signed: true });
  assert.deepEqual([verdict.intact, verdict.records, verdict.brokenAt], [false, 3, 4]);
  assert.match(verdict.reason, /chain was cut: record 5/);
  const emptied = await verifyAfter("DELETE FROM audit_records", { signed: true });
  assert.equal(emptied.brokenAt, 1);
});

Deno.test("a chain that was rebuilt with right hashes shows against the signed head", async () => {
  const genuine = new MemoryStore();
  const log = openLog(genuine);
  await recordActs(log, 2);
  await log.signHead();
  const signed = await genuine.audit.lastSignedHead();
  assert.ok(signed);

  const rebuilt = new MemoryStore();
  const forged = openLog(rebuilt);
  await recordActs(forged, 1);
  await forged.record(LOCAL_ROOT, "envoy.accept", { host: "mallory" });
  await rebuilt.audit.saveSignedHead(signed);
  const verdict = await forged.verify();
  assert.deepEqual([verdict.brokenAt, verdict.intact], [2, false]);
  assert.match(verdict.reason, /not the one whose hash was signed/);
});

Deno.test("a head that another key signed proves nothing and is reported", async () => {
  const store = new MemoryStore();
  const log = openLog(store);
  await recordActs(log, 1);
  const head = await store.audit.head();
  assert.ok(head);
  const document = signAuditHead(
    { seq: 1, hash: head.hash, atMs: 1 },
    generateEd25519().signer,
  );
  await store.audit.saveSignedHead({ seq: 1, document });
  assert.match((await log.verify()).reason, /not by this server/);
});

Deno.test("a payload that would log a secret or flood the log is refused", async () => {
  const log = openLog(new MemoryStore());
  await assert.rejects(
    log.record(LOCAL_ROOT, "enroll_token.create", { info: [{ token: "vget_…" }] }),
    /"enroll_token.create": its member "token" would log a secret/,
  );
  await assert.rejects(
    log.record(LOCAL_ROOT, "config.publish", { message: "x".repeat(66_000) }),
    /at most 65536 are kept/,
  );
});

Deno.test("the hash of a record is the one that the protocol's test vector gives", async () => {
  const file = new URL("../../shared/canonical/vectors/audit_record.json", import.meta.url);
  const { vectors: [vector] } = JSON.parse(await Deno.readTextFile(file));
  const field = (name: string) =>
    vector.fields.find((one: { name: string }) => one.name === name).value;
  const hash = auditRecordHash({
    seq: Number(field("seq")),
    atMs: Number(field("atMs")),
    principal: field("principal"),
    action: field("action"),
    payload: JSON.parse(field("payload")),
    prevHash: field("prevHash"),
  });
  assert.equal(hash, vector.sha256);
});

Deno.test("a chain that was cut, went on and was signed again shows against the head before", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("vigo.db");
  const store = await openSqliteStore(path);
  const log = openLog(store);
  await recordActs(log, 5);
  await log.signHead();
  const attacker = new DatabaseSync(path);
  attacker.exec("DELETE FROM audit_records WHERE seq > 3");
  attacker.close();
  await assert.rejects(log.signHead(), /record 5, which was its head once, is changed or gone/);
  await recordActs(log, 4);
  await assert.rejects(log.signHead(), BrokenChainError);
  // As a server would have done that did not look at the head before.
  const head = await store.audit.head() ?? assert.fail();
  await store.audit.saveSignedHead({
    seq: head.seq,
    document: signAuditHead({ seq: head.seq, hash: head.hash, atMs: 1 }, signer),
  });
  const verdict = await log.verify();
  assert.deepEqual([verdict.intact, verdict.brokenAt], [false, 5]);
  assert.match(verdict.reason, /record 5 is not the one whose hash was signed/);
  await store.close();
});

Deno.test("a head that was kept elsewhere is found in the chain, and missed when it is gone", async () => {
  const store = new MemoryStore();
  const log = openLog(store);
  await recordActs(log, 3);
  const hashes = (await store.audit.readFrom(1, 9)).map(({ hash }) => hash);
  const check = async (kept: KeptHead) => {
    const { intact, brokenAt, reason } = await log.verify(kept);
    return intact ? "intact" : `${brokenAt}: ${reason}`;
  };
  for (const [at, hash] of hashes.entries()) {
    assert.equal(await check({ hash }), "intact");
    assert.equal(await check({ seq: at + 1, hash }), "intact");
  }
  const other = "ab".repeat(32);
  assert.match(await check({ hash: other }), /^null: no record has the hash abab/);
  assert.equal(
    await check({ seq: 2, hash: other }),
    "2: record 2 is not the one whose hash was kept",
  );
  assert.equal(
    await check({ seq: 9, hash: other }),
    "4: the chain was cut: record 9 was kept as its head",
  );
});

Deno.test("a chain longer than a page is followed beside all its heads", async () => {
  const store = await openSqliteStore(":memory:");
  const log = openLog(store);
  for (let count = 0; count < 3; count += 1) {
    await recordActs(log, 250);
    await log.signHead();
  }
  await recordActs(log, 1);
  const verdict = await log.verify();
  assert.deepEqual([verdict.intact, verdict.records], [true, 751]);
  await store.close();
});

Deno.test("a signed head that is damaged is reported, not stumbled over", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("vigo.db");
  const store = await openSqliteStore(path);
  const log = openLog(store);
  await recordActs(log, 2);
  await log.signHead();
  const attacker = new DatabaseSync(path);
  attacker.exec("UPDATE audit_heads SET payload = 'zz'");
  attacker.close();
  assert.match((await log.verify()).reason, /head of record 2 is not by this server/);
  await store.close();
});
