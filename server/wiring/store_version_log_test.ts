import assert from "node:assert/strict";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { AuditLog } from "../audit/audit_log.ts";
import { MemoryStore } from "../store/memory_store.ts";
import { StoreVersionLog } from "./store_version_log.ts";

const record = {
  version: sha256Hex("stacks"),
  publishedAtMs: 1,
  publishedBy: "local-root (as ada)",
  message: "first",
  rollbackOf: null,
};

Deno.test("a publish and its audit record are kept together", async () => {
  const store = new MemoryStore();
  const log = new StoreVersionLog(store, new AuditLog(store, generateEd25519().signer, () => 5));
  await log.append(record);
  await log.append({ ...record, rollbackOf: record.version });
  assert.deepEqual(await log.list(10), [{ ...record, rollbackOf: record.version }, record]);
  const [back, first] = await store.audit.list({ limit: 10 });
  assert.deepEqual([first?.action, first?.principal, first?.payload], [
    "config.publish",
    "local-root",
    { version: record.version, message: "first", operator: "ada" },
  ]);
  assert.equal(back?.action, "config.rollback");
});

Deno.test("a publish whose audit record cannot be written is not recorded at all", async () => {
  const store = new MemoryStore();
  const log = new StoreVersionLog(store, {
    recordInside: () => Promise.reject(new RangeError("no room")),
  });
  await assert.rejects(log.append(record), RangeError);
  assert.deepEqual(await log.list(10), []);
});
