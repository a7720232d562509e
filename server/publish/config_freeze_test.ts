import assert from "node:assert/strict";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { AuditLog } from "../audit/audit_log.ts";
import { MemoryStore } from "../store/memory_store.ts";
import { StoreFreezeBook } from "../wiring/store_freeze_book.ts";
import { ConfigFreeze, MAX_FREEZE_MS } from "./config_freeze.ts";

/** A freeze over a store, with a clock that a test moves. */
function open() {
  const clock = { nowMs: 1_000_000 };
  const store = new MemoryStore();
  const audit = new AuditLog(store, generateEd25519().signer, () => clock.nowMs);
  const freeze = () => new ConfigFreeze(new StoreFreezeBook(store, audit), () => clock.nowMs);
  return { clock, store, freeze };
}

const BY_MARA = { reason: "sales night", frozenBy: "local-root (as mara)" };

Deno.test("a freeze says who, until when and why, in every process over the store, and ends by itself", async () => {
  const { clock, freeze } = open();
  assert.equal(await freeze().refusal("publish"), undefined);
  const begun = await freeze().freeze({ ...BY_MARA, untilMs: 2_000_000 });
  assert.deepEqual(begun, {
    ok: true,
    freeze: { ...BY_MARA, untilMs: 2_000_000, sinceMs: 1_000_000 },
  });
  const refusal = await freeze().refusal("publish");
  assert.equal(refusal?.isFrozen, true);
  assert.match(
    refusal?.reason ?? "",
    /^Cannot publish: local-root \(as mara\) has frozen .* until 1970-01-01T00:33:20\.000Z \(sales night\)\. Wait, or/,
  );
  clock.nowMs = 2_000_000;
  assert.equal(await freeze().current(), undefined);
  assert.equal(await freeze().refusal("publish"), undefined);
  assert.equal(await freeze().unfreeze({ principal: "x", operator: "" }), undefined);
});

Deno.test("a freeze that is past, or longer than a year, is refused", async () => {
  const { freeze } = open();
  const attempt = (untilMs: number) => freeze().freeze({ ...BY_MARA, untilMs });
  const past = await attempt(1_000_000);
  assert.match(past.ok ? "" : past.reason, /that is past/);
  const long = await attempt(1_000_001 + MAX_FREEZE_MS);
  assert.match(long.ok ? "" : long.reason, /a year at most/);
  assert.equal(await freeze().current(), undefined);
});

Deno.test("each change of a freeze is audited under the authenticated name, with the note beside it", async () => {
  const { store, freeze } = open();
  await freeze().freeze({ ...BY_MARA, untilMs: 2_000_000 });
  const ended = await freeze().unfreeze({ principal: "olga", operator: "" });
  assert.equal(ended?.reason, "sales night");
  const records = await store.audit.readFrom(1, 10);
  assert.deepEqual(records.map(({ principal, action, payload }) => [principal, action, payload]), [
    ["local-root", "config.freeze", {
      untilMs: 2_000_000,
      reason: "sales night",
      operator: "mara",
    }],
    ["olga", "config.unfreeze", { untilMs: 2_000_000, reason: "sales night", operator: "" }],
  ]);
});
