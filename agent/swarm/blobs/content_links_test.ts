import assert from "node:assert/strict";
import { manifestEntry } from "../../../shared/swarm/manifest_entry_fixture.ts";
import { contentLinks } from "./content_links.ts";

function entry(digit: string, label: string, stamp: number) {
  return manifestEntry({ sha256: digit.repeat(64), label, stamp });
}

Deno.test("a label leads to the content that was seeded under it last", () => {
  const newer = entry("b", "app.tar", 9);
  const older = entry("a", "app.tar", 5);
  for (const held of [[newer, older], [older, newer]]) {
    assert.deepEqual(contentLinks(held, new Map()).files, { "app.tar": newer.sha256 });
  }
});

Deno.test("every seed has a link from its digest, whatever its label", () => {
  const seeds = new Map([["c".repeat(64), "app.tar"]]);
  assert.deepEqual(contentLinks([], seeds), {
    files: {},
    seeds: { ["c".repeat(64)]: "app.tar" },
  });
});
