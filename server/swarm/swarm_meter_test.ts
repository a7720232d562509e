import assert from "node:assert/strict";
import fc from "fast-check";
import { measureFetched, NO_BYTES } from "./swarm_meter.ts";

const SHA = "ab".repeat(32);
const facts = () => ({ sizeBytes: 950, chunkSizeBytes: 100, origin: "hub" });
const blob = (sources: Record<string, number>) => new Map([[SHA, { sources }]]);

Deno.test("only what came since the last report counts, by who it came from", () => {
  const bytes = measureFetched(
    blob({ HUB: 1, "web-1": 2 }),
    blob({ HUB: 3, "web-1": 2, "web-2": 1, server: 1, cached: 5 }),
    facts,
  );
  assert.deepEqual(bytes, { origin: 200, peer: 100, server: 100 });
});

Deno.test("a first report is of unknown age and counts nothing; one after an empty one counts all", () => {
  assert.deepEqual(measureFetched(undefined, blob({ hub: 3 }), facts), NO_BYTES);
  assert.equal(measureFetched(new Map(), blob({ hub: 3 }), facts).origin, 300);
});

Deno.test("no source gives more than the blob has, and what is not known gives nothing", () => {
  assert.equal(measureFetched(new Map(), blob({ hub: 10 }), facts).origin, 950);
  assert.deepEqual(measureFetched(new Map(), blob({ hub: 10 }), () => undefined), NO_BYTES);
});

Deno.test("whatever an envoy says, no count falls below nothing", () => {
  const sources = fc.dictionary(fc.constantFrom("hub", "web-1", "server"), fc.nat(20));
  fc.assert(fc.property(sources, sources, (before, after) => {
    const { origin, peer, server } = measureFetched(blob(before), blob(after), facts);
    assert.ok(origin >= 0 && peer >= 0 && server >= 0);
  }));
});
