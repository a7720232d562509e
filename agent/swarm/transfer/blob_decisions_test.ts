import assert from "node:assert/strict";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { type BlobFacts, decideBlobs } from "./blob_decisions.ts";

function entry(name: string, fields: Partial<ManifestEntry> = {}): ManifestEntry {
  // Names are easier to read here than digests, and nothing that is tested looks into them.
  const sha256 = name as ManifestEntry["sha256"];
  return {
    sha256,
    sizeBytes: 1,
    chunkSizeBytes: 1024 * 1024,
    chunksDigest: sha256,
    label: name,
    target: "*",
    retentionSecs: 0,
    subsystem: "payload",
    origin: "origin",
    createdMs: 0,
    state: "active",
    stamp: 1,
    author: "a",
    signature: "s",
    ...fields,
  };
}

function facts(entries: readonly ManifestEntry[], rest: Partial<BlobFacts> = {}): BlobFacts {
  const find = (sha256: string) => entries.find((one) => one.sha256 === sha256);
  return {
    manifest: {
      effective: find,
      isLive: (sha256) => find(sha256)?.state === "active",
      isRevoked: (sha256) => find(sha256)?.state === "revoked",
      *blobs() {
        yield* entries;
      },
    },
    held: [],
    fetching: [],
    isOpen: true,
    knowsServer: true,
    isWanted: () => true,
    nowMs: 10_000,
    ...rest,
  };
}

Deno.test("what is live, wanted and not being fetched is to be, the oldest word first", () => {
  const entries = [3, 2, 1, 0].map((stamp) => entry(`b${stamp}`, { stamp }));
  const { wanted } = decideBlobs(facts(entries, { fetching: ["b0"] }));
  assert.deepEqual(wanted.map(({ sha256 }) => sha256), ["b1", "b2", "b3"]);
});

Deno.test("what is here, unwanted or revoked is not fetched", () => {
  const entries = [entry("here"), entry("unwanted"), entry("revoked", { state: "revoked" })];
  const { wanted } = decideBlobs(facts(entries, {
    held: [{ sha256: "here", completedMs: 0 }],
    isWanted: ({ sha256 }) => sha256 !== "unwanted",
  }));
  assert.deepEqual(wanted, []);
});

Deno.test("a revoked blob is evicted at once, one past its retention is not fetched again", () => {
  const entries = [
    entry("revoked", { state: "revoked" }),
    entry("old", { retentionSecs: 5 }),
    entry("young", { retentionSecs: 50 }),
    entry("kept"),
  ];
  const held = entries.map(({ sha256 }) => ({ sha256, completedMs: 4_000 }));
  const { evict } = decideBlobs(facts(entries, { held }));
  assert.deepEqual(evict.map(({ entry: { sha256 }, why }) => [sha256, why]), [
    ["revoked", "revoked"],
    ["old", "expired"],
  ]);
});

Deno.test("what nobody speaks for is buried, once the server's word is known and while the gates are open", () => {
  const held = ["kept", "unsaid"].map((sha256) => ({ sha256, completedMs: 4_000 }));
  const buried = (rest: Partial<BlobFacts>) =>
    decideBlobs(facts([entry("kept")], { held, ...rest })).bury;
  assert.deepEqual(buried({}), ["unsaid"]);
  assert.deepEqual(buried({ knowsServer: false }), []);
  assert.deepEqual(buried({ isOpen: false }), []);
});

Deno.test("downloads end when the gate closes, and of a revoked one nothing is kept", () => {
  const entries = [entry("live"), entry("revoked", { state: "revoked" })];
  const fetching = ["live", "revoked"];
  assert.deepEqual(decideBlobs(facts(entries, { fetching })).stop, [
    { sha256: "revoked", isRevoked: true },
  ]);
  const closed = decideBlobs(facts(entries, { fetching, isOpen: false }));
  assert.deepEqual(closed.stop.map(({ sha256 }) => sha256), ["live", "revoked"]);
  assert.deepEqual(closed.wanted, []);
});
