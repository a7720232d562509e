import assert from "node:assert/strict";
import { encodeAnnouncements } from "../../../shared/swarm/announce_line.ts";
import {
  ANNOUNCE_INTERVAL_MS,
  type AnnounceFacts,
  Announcer,
  LINES_PER_DATAGRAM,
  MAX_DATAGRAMS_PER_INTERVAL,
} from "./announcer.ts";

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

/** Many complete blobs, the most recent first. */
function manyFacts(count: number): AnnounceFacts {
  const held = Array.from({ length: count }, (_, index) => ({
    sha256: index.toString(16).padStart(64, "0"),
    have: 9_999_999,
    total: 9_999_999,
  }));
  return { manifestDigest: sha("d"), held, wanted: [] };
}

/** Calls the announcer whenever it is due, until `endMs`; answers the datagrams of each time. */
function announceUntil(
  announcer: Announcer,
  endMs: number,
  facts: AnnounceFacts,
  each: (nowMs: number) => void = () => {},
) {
  const sent: { atMs: number; lines: number; datagrams: number; told: string[] }[] = [];
  for (let nowMs = 0; nowMs <= endMs; nowMs += 50) {
    each(nowMs);
    const lines = announcer.take(nowMs, facts);
    if (!lines) continue;
    const addr = { kind: "addr" as const, address: "255.255.255.255", port: 65_535 };
    const announcement = { instance: "f".repeat(16), lines: [addr, ...lines] };
    const datagrams = encodeAnnouncements(announcement, 100).length;
    const told = lines.flatMap((line) => line.kind === "have" ? line.sha256 : []);
    sent.push({ atMs: nowMs, lines: lines.length, datagrams, told });
  }
  return sent;
}

Deno.test("whatever is asked, changed or heard, no interval has more than four datagrams", () => {
  const announcer = new Announcer(() => 0, 0);
  let instances = 0;
  const sent = announceUntil(announcer, 60_000, manyFacts(500), (nowMs) => {
    announcer.noteChange(nowMs);
    announcer.noteInstance(`${instances++}`, nowMs);
    announcer.noteWant((nowMs % 500).toString(16).padStart(64, "0"), nowMs);
  });
  for (const { atMs } of sent) {
    const within = sent.filter((one) => one.atMs > atMs - ANNOUNCE_INTERVAL_MS && one.atMs <= atMs);
    const count = within.reduce((sum, { datagrams }) => sum + datagrams, 0);
    assert.ok(count <= MAX_DATAGRAMS_PER_INTERVAL, `${count} datagrams before ${atMs}`);
  }
  // They are used, too: a change does not wait for the regular announcement while some are left.
  assert.ok(sent.length > 2 * 6, `${sent.length} announcements`);
});

Deno.test("an announcement fits into its datagrams whatever stands in it, and tells all of them that it sends", () => {
  const [first] = announceUntil(new Announcer(() => 0, 0), 0, manyFacts(500));
  assert.equal(first?.datagrams, 2);
  assert.equal(first?.lines, 1 + 2 * LINES_PER_DATAGRAM);
});

Deno.test("of many blobs the newest are told each time and all others have their turn", () => {
  const facts = manyFacts(100);
  const sent = announceUntil(new Announcer(() => 0, 0), 5 * ANNOUNCE_INTERVAL_MS, facts);
  const newest = facts.held.slice(0, 3).map(({ sha256 }) => sha256);
  for (const { told } of sent) assert.deepEqual(told.slice(0, 3), newest);
  assert.equal(new Set(sent.flatMap(({ told }) => told)).size, 100);
});

Deno.test("newcomers of one interval are greeted once, however many come", () => {
  const announcer = new Announcer(() => 0, 0);
  let instances = 0;
  const sent = announceUntil(announcer, 9_900, FACTS, (nowMs) => {
    if (nowMs >= 3000) announcer.noteInstance(`${instances++}`, nowMs);
  });
  assert.deepEqual(sent.map(({ atMs }) => atMs), [0, 3000]);
});

Deno.test("a pile of revocations and wants leaves room for what is held, and none of them stays untold", () => {
  const announcer = new Announcer(() => 0, 0);
  const name = (index: number) => index.toString(16).padStart(64, "a");
  for (let index = 0; index < 10; index += 1) announcer.noteRevoked(name(index), 0);
  const wanted = Array.from({ length: 10 }, (_, index) => name(100 + index));
  const told = new Set<string>();
  for (let nowMs = 0; nowMs <= 30_000; nowMs += ANNOUNCE_INTERVAL_MS) {
    const lines = announcer.take(nowMs, { ...manyFacts(3), wanted }) ?? [];
    assert.equal(lines.filter(({ kind }) => kind === "have").length, 3);
    for (const line of lines) {
      if (line.kind === "want" || line.kind === "revoke") told.add(line.sha256);
    }
  }
  assert.equal(told.size, 20);
});
