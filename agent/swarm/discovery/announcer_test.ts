import assert from "node:assert/strict";
import { ANNOUNCE_INTERVAL_MS, type AnnounceFacts, Announcer } from "./announcer.ts";

const sha = (digit: string) => digit.repeat(64);
const FACTS: AnnounceFacts = {
  manifestDigest: sha("d"),
  held: [
    { sha256: sha("1"), have: 4, total: 4 },
    { sha256: sha("2"), have: 1, total: 4 },
  ],
  wanted: [sha("3")],
};

Deno.test("an announcement goes out at the start and every ten seconds", () => {
  const announcer = new Announcer(() => 0.5, 0);
  assert.deepEqual(announcer.take(0, FACTS)?.map(({ kind }) => kind), [
    "manifest",
    "want",
    "have",
    "have",
  ]);
  assert.equal(announcer.take(ANNOUNCE_INTERVAL_MS - 1, FACTS), undefined);
  assert.ok(announcer.take(ANNOUNCE_INTERVAL_MS, FACTS));
});

Deno.test("blobs in flight are told before complete ones", () => {
  const lines = new Announcer(() => 0.5, 0).take(0, FACTS) ?? [];
  assert.deepEqual(
    lines.flatMap((line) => line.kind === "have" ? line.sha256 : []),
    [sha("2"), sha("1")],
  );
});

Deno.test("a change is told soon, but changes in quick succession share an announcement", () => {
  const announcer = new Announcer(() => 0.5, 0);
  announcer.take(0, FACTS);
  announcer.noteChange(10);
  announcer.noteChange(20);
  assert.equal(announcer.dueMs, 500);
  announcer.noteChange(1000);
  assert.equal(announcer.dueMs, 500);
  announcer.take(1000, FACTS);
  announcer.noteChange(5000);
  assert.equal(announcer.dueMs, 5100);
});

Deno.test("a new instance is greeted once", () => {
  const announcer = new Announcer(() => 0.5, 0);
  announcer.take(0, FACTS);
  announcer.noteInstance("a", 1000);
  assert.equal(announcer.dueMs, 2000);
  announcer.take(2000, FACTS);
  announcer.noteInstance("a", 3000);
  assert.equal(announcer.dueMs, 2000 + ANNOUNCE_INTERVAL_MS);
});

Deno.test("a wanted blob is answered unless somebody else was faster", () => {
  const announcer = new Announcer(() => 0.5, 0);
  announcer.take(0, FACTS);
  announcer.noteWant(sha("1"), 1000);
  assert.equal(announcer.dueMs, 1250);
  announcer.noteHave(sha("1"));
  assert.equal(announcer.dueMs, ANNOUNCE_INTERVAL_MS);
  announcer.noteWant(sha("1"), 2000);
  const [, , first] = announcer.take(2250, FACTS) ?? [];
  assert.deepEqual(first, { kind: "have", sha256: sha("1"), have: 4, total: 4 });
});

Deno.test("a revocation is repeated for a minute", () => {
  const announcer = new Announcer(() => 0.5, 0);
  announcer.noteRevoked(sha("9"), 0);
  const revokes = (nowMs: number) =>
    announcer.take(nowMs, FACTS)?.some(({ kind }) => kind === "revoke");
  assert.equal(revokes(1000), true);
  assert.equal(revokes(60_000), true);
  assert.equal(revokes(70_001), false);
});
