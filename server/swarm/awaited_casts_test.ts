import assert from "node:assert/strict";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import { AwaitedCasts } from "./awaited_casts.ts";

const ENTRY: ManifestEntry = {
  sha256: sha256Hex("content"),
  sizeBytes: 7,
  chunkSizeBytes: 1024 * 1024,
  chunksDigest: sha256Hex("digests"),
  label: "app.bin",
  target: "web-*",
  retentionSecs: 0,
  subsystem: "payload",
  origin: "Hub",
  createdMs: 1,
  state: "active",
  stamp: 10,
  author: generateEd25519().signer.publicKey.toHex(),
  signature: "00".repeat(64),
};
const CAST = { ...ENTRY, origin: "hub", target: "*" };

/** Whether a cast is still awaited after the manifest said so. */
function isAwaitedAfter(entry: Partial<ManifestEntry>, nowMs = 0): boolean {
  const awaited = new AwaitedCasts();
  awaited.add(CAST, ENTRY, 0);
  awaited.hear({ ...ENTRY, ...entry }, nowMs);
  return awaited.has(ENTRY.sha256);
}

Deno.test("a cast is awaited until an entry says the same, or one revokes it since", () => {
  assert.equal(isAwaitedAfter({}), true);
  assert.equal(isAwaitedAfter({ stamp: 11, target: "db-*" }), true, "an earlier upload's entry");
  assert.equal(isAwaitedAfter({ state: "revoked" }), true, "revoked before");
  assert.equal(isAwaitedAfter({ stamp: 11, target: "*" }), false);
  assert.equal(isAwaitedAfter({ stamp: 11, state: "revoked" }), false);
});

Deno.test("a cast is not awaited from a seeder that will sign nothing", () => {
  assert.equal(isAwaitedAfter({ stamp: 11, origin: "other" }), false);
  assert.equal(isAwaitedAfter({}, 2 * 60 * 60_000), false, "it had two hours");
  const awaited = new AwaitedCasts();
  awaited.add(CAST, { ...ENTRY, target: "*" }, 0);
  assert.equal(awaited.has(ENTRY.sha256), false, "nothing changes");
  awaited.add(CAST, { ...ENTRY, origin: "other" }, 0);
  assert.equal(awaited.has(ENTRY.sha256), false, "another envoy seeds it");
});

Deno.test("the entry of a cast that was called off is known when it comes, once, and only if it says the same", () => {
  const awaited = new AwaitedCasts();
  const entry = { ...ENTRY, target: "*", stamp: 12 };
  awaited.callOff(ENTRY.sha256);
  assert.equal(awaited.takeCalledOff(entry, 1), false, "nothing was awaited");
  awaited.add(CAST, ENTRY, 0);
  awaited.callOff(ENTRY.sha256);
  assert.equal(awaited.has(ENTRY.sha256), false);
  assert.equal(awaited.takeCalledOff({ ...entry, target: "db-*" }, 1), false);
  assert.equal(awaited.takeCalledOff(entry, 1), true);
  assert.equal(awaited.takeCalledOff(entry, 1), false);
  awaited.add(CAST, ENTRY, 0);
  awaited.callOff(ENTRY.sha256);
  awaited.add(CAST, ENTRY, 0);
  assert.equal(awaited.takeCalledOff(entry, 1), false, "it was cast again");
  awaited.callOff(ENTRY.sha256);
  assert.equal(awaited.takeCalledOff(entry, 24 * 3_600_000), false, "nobody waits for it any more");
});
