import assert from "node:assert/strict";
import { MAX_HELD_PER_AUTHOR, REVOKED_HORIZON_MS } from "../../../shared/swarm/manifest.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { TemporaryRoot } from "../../../tests/support/temporary_root.ts";
import { readManifest } from "../mirror.ts";
import { SwarmPaths } from "../swarm_paths.ts";
import { FakeSigners, keyOf } from "./fake_entries.ts";
import { ManifestBook } from "./manifest_book.ts";
import { ROSTER_START } from "./server_roster.ts";

const DAY_MS = 86_400_000;
const START = 1_800_000_000_000;

/** Opens a book again and again in one folder, by a clock that the test turns. */
async function makeShelf() {
  const root = await TemporaryRoot.create();
  const signers = new FakeSigners();
  const clock = { nowMs: START };
  const dropped: ManifestEntry[] = [];
  const unsaid: ManifestEntry[] = [];
  return {
    root,
    signers,
    clock,
    dropped,
    unsaid,
    open: (onChange = () => {}) =>
      ManifestBook.open({
        paths: new SwarmPaths(root.path),
        trust: signers.trust(),
        author: keyOf(signers.own),
        instance: "0".repeat(16),
        now: () => clock.nowMs,
        onChange,
        onDropped: (entries) => void dropped.push(...entries),
        onUnsaid: (entries) => void unsaid.push(...entries),
        log: () => {},
      }),
    [Symbol.asyncDispose]: () => root[Symbol.asyncDispose](),
  };
}

const wholeManifest = (entries: readonly ManifestEntry[]) => ({
  since: ROSTER_START,
  next: "s:1",
  isComplete: true,
  entries,
});

Deno.test("an envoy that was off for longer than the horizon is quiet until it has the server's manifest", async () => {
  await using shelf = await makeShelf();
  const { signers, clock, dropped } = shelf;
  const forgotten = signers.entry("other", "forgotten", { stamp: START - 1 });
  const missed = signers.entry("other", "missed", { stamp: START - 1 });
  const before = await shelf.open();
  await before.receive([forgotten, missed]);
  before.noteServerContact();
  await before.close();

  clock.nowMs += REVOKED_HORIZON_MS + DAY_MS;
  const book = await shelf.open();
  assert.match(book.quietReason ?? "", /^away for 8 days/);
  assert.equal(book.rosterCursor, ROSTER_START);
  book.notePeerSync();
  book.noteServerContact();
  assert.notEqual(book.quietReason, undefined);

  const revocation = signers.entry("server", "missed", {
    state: "revoked",
    stamp: clock.nowMs - DAY_MS,
  });
  await book.takeRoster(wholeManifest([missed, revocation]));
  assert.equal(book.quietReason, undefined);
  assert.equal(book.rosterCursor, "");
  assert.deepEqual(dropped, [forgotten]);
  assert.equal(book.manifest.isRevoked(missed.sha256), true);

  const again = await shelf.open();
  assert.equal(again.quietReason, undefined);
  assert.equal(again.manifest.effective(forgotten.sha256), undefined);
  await book.close();
  await again.close();
});

Deno.test("a quiet envoy forgets no revocation, however late its clock says that it is", async () => {
  await using shelf = await makeShelf();
  const { signers, clock } = shelf;
  const book = await shelf.open();
  const revoked = signers.entry("server", "gone", { state: "revoked", stamp: START });
  await book.receive([signers.entry("other", "gone", { stamp: START - 1 }), revoked]);
  clock.nowMs += 365 * DAY_MS;
  assert.deepEqual(book.prune(), []);
  clock.nowMs = START + DAY_MS;
  assert.equal(book.quietReason, undefined);
  assert.equal(book.manifest.isRevoked(revoked.sha256), true);
  await book.close();
});

Deno.test("entries that a forged page of the server's manifest vouches for are dropped all the same", async () => {
  await using shelf = await makeShelf();
  const { signers, clock, dropped } = shelf;
  const old = signers.entry("other", "old", { stamp: START });
  const book = await shelf.open();
  await book.receive([old]);
  clock.nowMs += REVOKED_HORIZON_MS + 1;
  await book.takeRoster(wholeManifest([{ ...old, stamp: old.stamp + 5 }]));
  assert.deepEqual(dropped, [old]);
  await book.close();
});

Deno.test("a manifest file of an earlier version keeps quiet, and one that cannot be read asks the server", async () => {
  await using shelf = await makeShelf();
  const paths = new SwarmPaths(shelf.root.path);
  await Deno.writeTextFile(
    paths.manifest,
    JSON.stringify({ schema: 1, digest: "", entries: [] }),
  );
  const old = await shelf.open();
  assert.match(old.quietReason ?? "", /^nothing tells/);
  await old.close();
  await Deno.writeTextFile(paths.manifest, '{"schema":1,"ent');
  const broken = await shelf.open();
  assert.equal(broken.quietReason, undefined);
  assert.equal(broken.rosterCursor, ROSTER_START);
  await broken.close();
});

Deno.test("the file says when manifests were last compared, for everybody to read", async () => {
  await using shelf = await makeShelf();
  const book = await shelf.open();
  await book.takeRoster(wholeManifest([]));
  const file = await readManifest(shelf.root.path);
  assert.ok(file.ok);
  assert.deepEqual([file.value.syncedMs, file.value.serverMs], [START, START]);
  const { mode } = await Deno.stat(new SwarmPaths(shelf.root.path).manifest);
  assert.equal((mode ?? 0) & 0o777, 0o644);
  await book.close();
});

Deno.test("what was stamped while the clock ran ahead is dropped when the clock is corrected", async () => {
  await using shelf = await makeShelf();
  const { signers, clock, unsaid } = shelf;
  const book = await shelf.open();
  clock.nowMs += 5 * DAY_MS;
  const ahead = signers.entry("own", "ahead", { stamp: clock.nowMs + 1 });
  await book.receive([ahead]);
  clock.nowMs = START;
  book.noteClock();
  assert.deepEqual(unsaid, [ahead]);
  assert.equal(book.manifest.nextStamp(START), START + 1);
  await book.close();
});

Deno.test("what an envoy that may not seed signs without end is told to nobody, and little of it is kept", async () => {
  await using shelf = await makeShelf();
  const { signers } = shelf;
  const news = { count: 0 };
  const book = await shelf.open(() => void (news.count += 1));
  await book.receive([signers.entry("own", "wanted", { stamp: START })]);
  const [digest, page, told] = [book.manifest.digest(), book.page("", 1), news.count];
  for (let round = 0; round < 4; round += 1) {
    const flood = Array.from(
      { length: 500 },
      (_, index) =>
        signers.entry("stranger", index === 0 ? "wanted" : `${round} ${index}`, {
          state: index % 2 === 0 ? "revoked" : "active",
          stamp: START + round,
        }),
    );
    assert.deepEqual(await book.receive(flood), []);
  }
  assert.deepEqual([book.manifest.digest(), book.page("", 1), news.count], [digest, page, told]);
  await book.close();
  const file = await readManifest(shelf.root.path);
  assert.ok(file.ok);
  assert.equal(file.value.entries.length, 1 + MAX_HELD_PER_AUTHOR);
});

Deno.test("a revocation from the future ends a blob at once, is merged in its time, and survives a restart then", async () => {
  await using shelf = await makeShelf();
  const { signers, clock } = shelf;
  const news: string[] = [];
  const book = await shelf.open(() => void news.push("news"));
  const seeded = signers.entry("other", "ended", { stamp: START });
  await book.receive([seeded]);
  const early = { state: "revoked", stamp: START + 3_600_000 } as const;
  await book.receive([signers.entry("server", "ended", early)]);
  assert.equal(book.manifest.isLive(seeded.sha256), false);
  assert.equal(news.length, 2);
  clock.nowMs = early.stamp;
  book.prune();
  assert.equal(book.manifest.effective(seeded.sha256)?.state, "revoked");
  await book.close();
  const again = await shelf.open();
  assert.equal(again.manifest.isRevoked(seeded.sha256), true);
  await again.close();
});

Deno.test("what was seeded while the server was away for long is said again when it is back, and others' words go", async () => {
  await using shelf = await makeShelf();
  const { signers, clock, dropped, unsaid } = shelf;
  const book = await shelf.open();
  await book.takeRoster(wholeManifest([]));
  const own = signers.entry("own", "own", { stamp: START + 1 });
  const others = signers.entry("other", "others", { stamp: START + 1 });
  await book.receive([own, others]);
  for (let day = 0; day < 9; day += 1) {
    clock.nowMs += DAY_MS;
    book.notePeerSync();
  }
  assert.equal(book.quietReason, undefined);
  await book.takeRoster(wholeManifest([]));
  assert.deepEqual([unsaid, dropped], [[own], [others]]);
  await book.close();
});
