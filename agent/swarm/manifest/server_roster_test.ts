import assert from "node:assert/strict";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { ROSTER_START, ServerRoster } from "./server_roster.ts";

const entries = (count: number) => Array<ManifestEntry>(count);

Deno.test("a roster is complete when its last page came, each page once and in order", () => {
  const roster = new ServerRoster();
  const first = { since: ROSTER_START, next: "s1:5", isComplete: false, entries: entries(5) };
  assert.equal(roster.take(first), undefined);
  assert.equal(roster.cursor, "s1:5");
  assert.equal(roster.take(first), undefined);
  assert.equal(roster.take({ ...first, since: "s0:5", isComplete: true }), undefined);
  const last = { since: "s1:5", next: "s1:7", isComplete: true, entries: entries(2) };
  assert.equal(roster.take(last)?.length, 7);
  assert.equal(roster.cursor, ROSTER_START);
});

Deno.test("a server that never comes to an end fills no memory", () => {
  const roster = new ServerRoster();
  for (let page = 0; page < 100; page += 1) {
    roster.take({ since: roster.cursor, next: "s1:1", isComplete: false, entries: entries(1000) });
  }
  const last = { since: roster.cursor, next: "", isComplete: true, entries: [] };
  assert.ok((roster.take(last)?.length ?? 0) <= 40_000);
});
