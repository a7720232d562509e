import assert from "node:assert/strict";
import { z } from "zod";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { MemoryStore } from "../store/memory_store.ts";
import { AuditedList } from "./audited_list.ts";
import { AuditLog } from "./audit_log.ts";

Deno.test("changes at once follow each other, and what was changed is there after a restart", async () => {
  const store = new MemoryStore();
  const audit = new AuditLog(store, generateEd25519().signer, () => 1);
  const load = () => AuditedList.load({ store, audit }, "names", z.string());
  const list = await load();
  const add = (name: string) =>
    list.inTurn(async () => {
      const { entries } = list;
      await Promise.resolve();
      await list.replace([...entries, name], {
        principal: "mara",
        action: "test.add",
        payload: { name },
      });
    });
  await Promise.all(["a", "b", "c"].map(add));
  assert.deepEqual(list.entries, ["a", "b", "c"]);
  assert.deepEqual((await load()).entries, list.entries);
});

Deno.test("a change that cannot be recorded has not happened", async () => {
  const store = new MemoryStore();
  const audit = new AuditLog(store, generateEd25519().signer, () => 1);
  audit.recordInside = () => Promise.reject(new Error("the disk is full"));
  const list = await AuditedList.load({ store, audit }, "names", z.string());
  const act = { principal: "mara", action: "test.add", payload: {} };
  await assert.rejects(list.replace(["a"], act), /disk is full/);
  assert.deepEqual(list.entries, []);
  assert.equal(await store.facts.get("names"), undefined);
});
