import assert from "node:assert/strict";
import { LastResort, PEERS_ALONE_MS } from "./last_resort.ts";

const ALLOWED = { peersAloneMs: PEERS_ALONE_MS, isAllowed: () => true };
const BUSY = { ok: false, reason: "busy", isFinal: false } as const;
const DENIED = { ok: false, reason: "it does not hold it", isFinal: true } as const;

Deno.test("the server is asked once peers had their time, and they have it again whenever one gives something", () => {
  const resort = new LastResort(ALLOWED, 0);
  assert.equal(resort.mayAsk(PEERS_ALONE_MS - 1), false);
  assert.equal(resort.mayAsk(PEERS_ALONE_MS), true);
  resort.notePeer(PEERS_ALONE_MS);
  assert.equal(resort.mayAsk(PEERS_ALONE_MS + 1), false);
  assert.equal(resort.mayAsk(2 * PEERS_ALONE_MS), true);
});

Deno.test("one thing is asked at a time, the next without a wait", () => {
  const resort = new LastResort(ALLOWED, 0);
  resort.noteAsked();
  assert.equal(resort.mayAsk(PEERS_ALONE_MS), false);
  resort.noteAnswer({ ok: true, bytes: new Uint8Array() }, PEERS_ALONE_MS);
  assert.equal(resort.mayAsk(PEERS_ALONE_MS), true);
});

Deno.test("a busy server is asked again in a moment, one that refuses never in this attempt", () => {
  const resort = new LastResort(ALLOWED, 0);
  resort.noteAnswer(BUSY, PEERS_ALONE_MS);
  assert.equal(resort.mayAsk(PEERS_ALONE_MS), false);
  assert.equal(resort.mayAsk(PEERS_ALONE_MS + 2_000), true);
  assert.equal(resort.explain("no available peers"), "no available peers; the server: busy");
  resort.noteAnswer(DENIED, PEERS_ALONE_MS);
  assert.equal(resort.mayAsk(10 * PEERS_ALONE_MS), false);
});

Deno.test("a fleet that forbids it never asks, and says why nothing comes", () => {
  const resort = new LastResort({ ...ALLOWED, isAllowed: () => false }, 0);
  assert.equal(resort.mayAsk(10 * PEERS_ALONE_MS), false);
  assert.equal(
    resort.explain("no available peers"),
    "no available peers; swarm.server_fallback is off",
  );
});
