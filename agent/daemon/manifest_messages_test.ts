import assert from "node:assert/strict";
import fc from "fast-check";
import { type ManifestEntry, manifestEntrySchema } from "../../shared/swarm/manifest_entry.ts";
import { decodeEntries, encodeEntries } from "./manifest_messages.ts";

function entry(stamp: number): ManifestEntry {
  return manifestEntrySchema.parse({
    sha256: "a".repeat(64),
    sizeBytes: 5,
    chunkSizeBytes: 1024 * 1024,
    chunksDigest: "b".repeat(64),
    label: "app.tar",
    target: "*",
    retentionSecs: 60,
    subsystem: "payload",
    origin: "web-1",
    createdMs: 1,
    state: "active",
    stamp,
    author: "c".repeat(64),
    signature: "d".repeat(128),
  });
}

Deno.test("entries travel in messages of 200 and come out as they went in", () => {
  const entries = Array.from({ length: 450 }, (_, stamp) => entry(stamp));
  const messages = encodeEntries(entries);
  assert.deepEqual(messages.map((message) => message.entries.length), [200, 200, 50]);
  const decoded = decodeEntries(messages.flatMap((message) => message.entries));
  assert.deepEqual(decoded, { entries, problems: [] });
});

Deno.test("what is no entry is a problem and never an exception", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    const { entries, problems } = decodeEntries([bytes]);
    assert.equal(entries.length, 0);
    assert.equal(problems.length, 1);
  }));
});
