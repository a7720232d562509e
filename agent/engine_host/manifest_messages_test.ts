import assert from "node:assert/strict";
import fc from "fast-check";
import { manifestEntry } from "../../shared/swarm/manifest_entry_fixture.ts";
import { decodeEntries, encodeEntries } from "./manifest_messages.ts";

Deno.test("entries travel in messages of 200 and come out as they went in", () => {
  const entries = Array.from({ length: 450 }, (_, stamp) => manifestEntry({ stamp }));
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
