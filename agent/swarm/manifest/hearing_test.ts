import assert from "node:assert/strict";
import { generateEd25519 } from "../../../shared/crypto/ed25519.ts";
import { sha256Hex } from "../../../shared/crypto/sha256.ts";
import { MAX_HELD_ENTRIES } from "../../../shared/swarm/manifest.ts";
import { type ManifestEntry, manifestEntryBytes } from "../../../shared/swarm/manifest_entry.ts";
import { BENCH_MS } from "../../../shared/swarm/scheduler_limits.ts";
import { TemporaryRoot } from "../../../tests/support/temporary_root.ts";
import type { PeerIdentity } from "../peers/peer_identity.ts";
import { SwarmPaths } from "../swarm_paths.ts";
import { FakeSigners, keyOf } from "./fake_entries.ts";
import { Hearing } from "./hearing.ts";
import { ManifestBook } from "./manifest_book.ts";

const START = 1_800_000_000_000;
const LIAR: PeerIdentity = { uuid: "liar", hostname: "web-1", fingerprint: "" };
const OTHER: PeerIdentity = { uuid: "other", hostname: "web-2", fingerprint: "" };

/** A manifest, and who is listened to about it. */
async function makeRig() {
  const root = await TemporaryRoot.create();
  const signers = new FakeSigners();
  const clock = { ms: 0 };
  const logged: string[] = [];
  const book = await ManifestBook.open({
    paths: new SwarmPaths(root.path),
    trust: signers.trust(),
    author: keyOf(signers.own),
    instance: "0".repeat(16),
    now: () => START,
    onChange: () => {},
    onDropped: () => {},
    onUnsaid: () => {},
    log: () => {},
  });
  const hearing = new Hearing({
    book,
    now: () => clock.ms,
    log: (_level, message) => void logged.push(message),
  });
  return {
    signers,
    clock,
    logged,
    book,
    hearing,
    [Symbol.asyncDispose]: async () => {
      await book.close();
      await root[Symbol.asyncDispose]();
    },
  };
}

/** Cells for one blob, each signed by a key of its own that nobody knows. */
function ofUnknownKeys(signers: FakeSigners, count: number): ManifestEntry[] {
  const { signature: _signature, ...template } = signers.entry("stranger", "x", { stamp: START });
  return Array.from({ length: count }, () => {
    const { signer } = generateEd25519();
    const unsigned = { ...template, author: keyOf(signer) };
    return { ...unsigned, signature: signer.sign(manifestEntryBytes(unsigned)).toHex() };
  });
}

Deno.test("who passes on a forged entry is not listened to for ten minutes, and nothing after it is read", async () => {
  await using rig = await makeRig();
  const { book, clock, hearing, logged, signers } = rig;
  const [before, after, later] = ["before", "after", "later"].map((content) =>
    signers.entry("other", content, { stamp: START })
  );
  assert.ok(before && after && later);
  const forged = { ...signers.entry("other", "forged", { stamp: START }), label: "changed" };
  assert.equal(await hearing.hear(LIAR, [before, forged, after]), false);
  const known = () =>
    ["before", "forged", "after", "later"].filter((content) =>
      book.manifest.effective(sha256Hex(content))
    );
  assert.deepEqual(known(), ["before"]);

  assert.equal(hearing.isDeafTo(LIAR.uuid), true);
  assert.equal(await hearing.hear(LIAR, [later]), false);
  assert.deepEqual(known(), ["before"]);
  assert.deepEqual(logged, ["a peer is not listened to for ten minutes"]);

  assert.equal(await hearing.hear(OTHER, [after]), true);
  clock.ms += BENCH_MS;
  assert.equal(await hearing.hear(LIAR, [later]), true);
  assert.deepEqual(known(), ["before", "after", "later"]);
});

Deno.test("who passes on more entries of unknown authors than are ever kept is not listened to", async () => {
  await using rig = await makeRig();
  const { hearing, signers } = rig;
  const entries = ofUnknownKeys(signers, MAX_HELD_ENTRIES + 1);
  const [last, ...others] = entries;
  assert.ok(last);
  assert.equal(await hearing.hear(LIAR, others), true);
  assert.equal(await hearing.hear(OTHER, ofUnknownKeys(signers, 1)), true);
  assert.equal(await hearing.hear(LIAR, [last]), false);
  assert.equal(hearing.isDeafTo(LIAR.uuid), true);
  assert.equal(hearing.isDeafTo(OTHER.uuid), false);
});

Deno.test("another fleet document lets everybody be heard again", async () => {
  await using rig = await makeRig();
  const { hearing, signers } = rig;
  hearing.noteFleet(1);
  const forged = { ...signers.entry("other", "forged", { stamp: START }), label: "changed" };
  await hearing.hear(LIAR, [forged]);
  hearing.noteFleet(1);
  assert.equal(hearing.isDeafTo(LIAR.uuid), true);
  hearing.noteFleet(2);
  assert.equal(hearing.isDeafTo(LIAR.uuid), false);
});
