import assert from "node:assert/strict";
import { manifestEntry } from "../../shared/swarm/manifest_entry_fixture.ts";
import { OwnEntries } from "./own_entries.ts";

const OWN = "c".repeat(64);

Deno.test("what this envoy said last of a blob is remembered, and nothing that others said", () => {
  const own = new OwnEntries(OWN);
  const [first, later, otherBlob, others] = [
    manifestEntry({ author: OWN, stamp: 1 }),
    manifestEntry({ author: OWN, stamp: 2 }),
    manifestEntry({ author: OWN, sha256: "e".repeat(64) }),
    manifestEntry({ author: "f".repeat(64) }),
  ];
  own.remember([first, otherBlob, others]);
  own.remember([later]);
  assert.deepEqual(own.all(), [otherBlob, later]);
});

Deno.test("beyond the limit of a manifest what was said longest ago is forgotten", () => {
  const own = new OwnEntries(OWN);
  const template = manifestEntry({ author: OWN });
  const all = Array.from({ length: 20_001 }, (_, index) => ({
    ...template,
    sha256: index.toString(16).padStart(64, "0") as typeof template.sha256,
  }));
  own.remember(all);
  assert.deepEqual(own.all(), all.slice(1));
});
