import assert from "node:assert/strict";
import { parseRetention, swarmFileSchema } from "./retention.ts";

Deno.test("a retention is hours, days, or 0 for ever", () => {
  assert.equal(parseRetention("0"), 0);
  assert.equal(parseRetention("168h"), 604_800);
  assert.equal(parseRetention("7d"), 604_800);
});

Deno.test("anything else is not a retention", () => {
  for (const text of ["", "7", "7 d", "-1d", "07d", "0d", "7w", "1.5d", "9999999d", "7d\n"]) {
    assert.equal(parseRetention(text), undefined, text);
  }
});

Deno.test("a .swarm file needs target and retention and nothing else", () => {
  assert.equal(swarmFileSchema.safeParse({ target: "*", retention: "7d" }).success, true);
  assert.equal(swarmFileSchema.safeParse({ target: "*" }).success, false);
  assert.equal(swarmFileSchema.safeParse({ retention: "7d" }).success, false);
  assert.equal(swarmFileSchema.safeParse({ target: "*", retention: "7d", ttl: 1 }).success, false);
});
