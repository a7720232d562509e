import assert from "node:assert/strict";
import fc from "fast-check";
import { Manifest, MAX_HELD_PER_AUTHOR, REVOKED_HORIZON_MS } from "./manifest.ts";
import type { ManifestEntry } from "./manifest_entry.ts";
import { type EntryFields, manifestEntry } from "./manifest_entry_fixture.ts";
import { MAX_STAMP_AHEAD_MS } from "./hybrid_clock.ts";
import { ManifestTrust } from "./manifest_trust.ts";

const SERVER = "0".repeat(64);
const SEEDER = "a".repeat(64);
const OTHER = "b".repeat(64);
const STRANGER = "f".repeat(64);
const TRUST = new ManifestTrust(SERVER, [
  { key: SEEDER, hostname: "seeder" },
  { key: OTHER, hostname: "other" },
]);
const HOSTNAMES: Record<string, string> = { [SEEDER]: "seeder", [OTHER]: "other" };
const NOW = 1_800_000_000_000;
const CONTEXT = { nowMs: NOW, fromServer: false };

function cell(fields: EntryFields = {}): ManifestEntry {
  const author = fields.author ?? SEEDER;
  return manifestEntry({
    sha256: "1".repeat(64),
    origin: HOSTNAMES[author] ?? "elsewhere",
    createdMs: NOW,
    stamp: NOW,
    author,
    ...fields,
  });
}

const anyCell: fc.Arbitrary<ManifestEntry> = fc.record({
  sha256: fc.constantFrom(...["1", "2", "3"].map((digit) => digit.repeat(64))),
  author: fc.constantFrom(SERVER, SEEDER, OTHER, STRANGER),
  state: fc.constantFrom("active" as const, "revoked" as const),
  // Some on either side of the horizon, some held back as from the future.
  stamp: fc.constantFrom(NOW - REVOKED_HORIZON_MS, NOW, NOW + MAX_STAMP_AHEAD_MS)
    .chain((edge) => fc.integer({ min: edge - 2, max: edge + 2 })),
  signature: fc.constantFrom("4".repeat(128), "5".repeat(128)),
}).map(cell);

/** Everything that can be seen of a manifest. */
function view(manifest: Manifest) {
  return {
    digest: manifest.digest(),
    blobs: [...manifest.blobs()].sort((one, other) => one.sha256 < other.sha256 ? -1 : 1),
    all: manifest.all().map((entry) => JSON.stringify(entry)).sort(),
  };
}

function merged(...batches: ManifestEntry[][]): Manifest {
  const manifest = new Manifest(TRUST);
  for (const batch of batches) manifest.merge(batch, CONTEXT);
  return manifest;
}

Deno.test("merging is commutative, associative and idempotent", () => {
  const batch = fc.array(anyCell, { maxLength: 12 });
  fc.assert(fc.property(batch, batch, batch, (one, two, three) => {
    const expected = view(merged(one, two, three));
    assert.deepEqual(view(merged(three, one, two)), expected);
    assert.deepEqual(view(merged([...two, ...three], one, one)), expected);
    const inner = merged(two, three);
    assert.deepEqual(view(merged(one, inner.all())), expected);
  }));
});

Deno.test("the bound on held cells keeps the same ones whatever the order of arrival", () => {
  const held = fc.uniqueArray(fc.integer({ min: 0, max: 5000 }), { minLength: 120, maxLength: 150 })
    .map((numbers) =>
      numbers.map((number) =>
        cell({
          author: STRANGER,
          sha256: number.toString(16).padStart(64, "0"),
          stamp: NOW - number % 7,
        })
      )
    );
  fc.assert(
    fc.property(held, fc.integer({ min: 1, max: 149 }), (cells, cut) => {
      const forwards = merged(cells.slice(0, cut), cells.slice(cut));
      const backwards = merged(merged(cells.slice(cut)).all(), merged(cells.slice(0, cut)).all());
      assert.deepEqual(view(forwards), view(backwards));
      assert.equal(forwards.all().length, MAX_HELD_PER_AUTHOR);
    }),
    { numRuns: 30 },
  );
});

Deno.test("30,000 cells of an unauthorised envoy that shadow an active blob change nothing for anyone", () => {
  const manifest = merged([cell()]);
  const before = { digest: manifest.digest(), blobs: [...manifest.blobs()] };
  for (let start = 0; start < 30_000; start += 1000) {
    manifest.merge(
      Array.from({ length: 1000 }, (_, index) =>
        cell({
          author: STRANGER,
          sha256: index === 0 ? "1".repeat(64) : (start + index).toString(16).padStart(64, "0"),
          state: "revoked",
          stamp: NOW + start,
        })),
      { nowMs: NOW + start, fromServer: false },
    );
  }
  assert.deepEqual({ digest: manifest.digest(), blobs: [...manifest.blobs()] }, before);
  assert.equal(manifest.all().length, 1 + MAX_HELD_PER_AUTHOR);
  assert.equal(manifest.isLive("1".repeat(64)), true);
  assert.ok(manifest.nextStamp(NOW) <= NOW + 1);
});

Deno.test("a revocation by the server covers every author's cell with a lower or equal stamp", () => {
  const revoked = cell({ author: SERVER, state: "revoked", stamp: NOW });
  const manifest = merged([cell(), cell({ author: OTHER }), revoked]);
  assert.equal(manifest.isRevoked(revoked.sha256), true);
  manifest.merge([cell({ stamp: NOW + 1 })], CONTEXT);
  assert.equal(manifest.isLive(revoked.sha256), true);
});

Deno.test("an author revokes only its own word", () => {
  const manifest = merged([
    cell(),
    cell({ author: OTHER }),
    cell({ state: "revoked", stamp: NOW + 1 }),
  ]);
  assert.equal(manifest.effective("1".repeat(64))?.author, OTHER);
  manifest.merge([cell({ author: OTHER, state: "revoked", stamp: NOW + 1 })], CONTEXT);
  assert.equal(manifest.isRevoked("1".repeat(64)), true);
});

Deno.test("a seeder cannot speak in another host's name", () => {
  assert.equal(merged([cell({ origin: "other" })]).effective("1".repeat(64)), undefined);
});

Deno.test("a held cell counts from the fleet document on that allows its author", () => {
  const manifest = new Manifest(new ManifestTrust(SERVER));
  assert.deepEqual(manifest.merge([cell()], CONTEXT), []);
  assert.equal(manifest.size, 0);
  assert.deepEqual(manifest.since(0, 10).entries, []);
  assert.deepEqual(manifest.setTrust(TRUST), [cell()]);
  assert.equal(manifest.isLive("1".repeat(64)), true);
  assert.deepEqual(manifest.since(0, 10).entries, [cell()]);
  manifest.setTrust(new ManifestTrust(SERVER));
  assert.equal(manifest.effective("1".repeat(64)), undefined);
});

Deno.test("a cell from the future is not merged, but its revocation stops the blob at once", () => {
  const manifest = merged([cell()]);
  const future = NOW + 3_600_000;
  assert.deepEqual(manifest.merge([cell({ author: OTHER, stamp: future })], CONTEXT), []);
  assert.equal(manifest.cell("1".repeat(64), OTHER), undefined);
  manifest.merge([cell({ author: OTHER, state: "revoked", stamp: future })], CONTEXT);
  assert.equal(manifest.isLive("1".repeat(64)), true);
  manifest.merge([cell({ author: SERVER, state: "revoked", stamp: future })], CONTEXT);
  assert.equal(manifest.isLive("1".repeat(64)), false);
  assert.equal(manifest.nextStamp(NOW), NOW + 1);
});

Deno.test("a revocation from the future counts for its author whatever others said before, and stays once its time has come", () => {
  const future = NOW + 3_600_000;
  const early = (author: string) => cell({ author, state: "revoked", stamp: future });
  for (const [first, second] of [[OTHER, SEEDER], [SEEDER, OTHER]] as const) {
    const manifest = merged([cell()], [early(first), early(second)]);
    assert.equal(manifest.isLive("1".repeat(64)), false);
    assert.deepEqual(manifest.mergeRipe(NOW), []);
    assert.equal(manifest.mergeRipe(future).length, 2);
    assert.deepEqual(manifest.mergeRipe(future), []);
    assert.equal(manifest.isRevoked("1".repeat(64)), true);
    assert.equal(merged().isRevoked("1".repeat(64)), false);
  }
});

Deno.test("a seeder that revokes in the future without end does not keep the server from being heard", () => {
  const future = NOW + 3_600_000;
  const manifest = merged([cell()]);
  const flood = Array.from({ length: 3_000 }, (_, index) =>
    cell({
      author: OTHER,
      state: "revoked",
      stamp: future,
      sha256: index.toString(16).padStart(64, "0"),
    }));
  manifest.merge(flood, CONTEXT);
  manifest.merge([cell({ author: SERVER, state: "revoked", stamp: future })], CONTEXT);
  assert.equal(manifest.isLive("1".repeat(64)), false);
});

Deno.test("what is older than the horizon comes back only from the server", () => {
  const old = cell({ stamp: NOW - REVOKED_HORIZON_MS - 1 });
  assert.deepEqual(merged([old]).all(), []);
  const manifest = new Manifest(TRUST);
  manifest.merge([old], { nowMs: NOW, fromServer: true });
  assert.equal(manifest.isLive(old.sha256), true);
});

Deno.test("a stranger's word about a blob does not let its old entry back in", () => {
  const stranger = cell({ author: STRANGER });
  const old = cell({ stamp: NOW - REVOKED_HORIZON_MS - 1 });
  assert.equal(merged([stranger], [old]).effective(old.sha256), undefined);
});

Deno.test("a rebase drops old entries that the server does not know, and finds what it revoked", () => {
  const [unknown, vouched, revoked, young] = ["1", "2", "3", "4"].map((digit, index) =>
    cell({
      sha256: digit.repeat(64),
      stamp: index === 3 ? NOW - REVOKED_HORIZON_MS + 1 : NOW - REVOKED_HORIZON_MS - 1,
    })
  );
  assert.ok(unknown && vouched && revoked && young);
  const manifest = new Manifest(TRUST);
  manifest.merge([unknown, vouched, revoked, young], { nowMs: NOW, fromServer: true });
  const revocation = cell({ author: SERVER, state: "revoked", sha256: revoked.sha256 });
  const { changed, dropped } = manifest.rebase([vouched, revoked, revocation], NOW);
  assert.deepEqual(dropped, [unknown]);
  assert.deepEqual(changed, [revocation]);
  const live = [unknown, vouched, revoked, young].map(({ sha256 }) => manifest.isLive(sha256));
  assert.deepEqual(live, [false, true, false, true]);
});

Deno.test("an old word that its author changed unheard by the server gives way to the server's", () => {
  const told = cell({ stamp: NOW - REVOKED_HORIZON_MS - 9, target: "web-*" });
  const unheard = cell({ stamp: NOW - REVOKED_HORIZON_MS - 5, signature: "4".repeat(128) });
  const manifest = new Manifest(TRUST);
  manifest.merge([unheard], { nowMs: NOW, fromServer: true });
  assert.deepEqual(manifest.rebase([told], NOW), { changed: [told], dropped: [] });
  assert.equal(manifest.effective(told.sha256)?.target, "web-*");
});

Deno.test("after a rebase nothing old is live that the server does not say", () => {
  const batch = fc.array(anyCell, { maxLength: 12 });
  fc.assert(fc.property(batch, batch, (own, roster) => {
    const server = new Manifest(TRUST);
    server.merge(roster, { nowMs: NOW, fromServer: true });
    const manifest = new Manifest(TRUST);
    manifest.merge(own, { nowMs: NOW, fromServer: true });
    const cells = server.since(0, Infinity).entries;
    manifest.rebase(cells, NOW);
    for (const entry of manifest.blobs()) {
      if (entry.state === "revoked" || entry.stamp >= NOW - REVOKED_HORIZON_MS) continue;
      assert.ok(
        cells.some(({ signature, sha256, author, stamp }) =>
          signature === entry.signature && sha256 === entry.sha256 && author === entry.author &&
          stamp === entry.stamp
        ),
      );
    }
  }));
});

Deno.test("stamps of a clock that ran ahead are dropped once it is right, and occupy nothing", () => {
  const ahead = NOW + 365 * 86_400_000;
  const manifest = new Manifest(TRUST);
  manifest.merge([cell({ stamp: ahead })], { nowMs: ahead, fromServer: false });
  assert.equal(manifest.nextStamp(NOW), ahead + 1);
  assert.deepEqual(manifest.dropFuture(NOW), [cell({ stamp: ahead })]);
  assert.equal(manifest.nextStamp(NOW), NOW + 1);
  assert.equal(manifest.isLive("1".repeat(64)), false);
  assert.deepEqual(manifest.dropFuture(NOW), []);
});

Deno.test("what is said of a blob is judged anew when a cell goes, and when another speaks for the server", () => {
  const ahead = NOW + 365 * 86_400_000;
  const manifest = merged([cell()]);
  manifest.merge([cell({ author: OTHER, stamp: ahead })], { nowMs: ahead, fromServer: false });
  assert.equal(manifest.effective("1".repeat(64))?.author, OTHER);
  manifest.dropFuture(NOW);
  assert.equal(manifest.effective("1".repeat(64))?.author, SEEDER);
  manifest.merge([cell({ author: OTHER, state: "revoked" })], CONTEXT);
  assert.equal(manifest.isLive("1".repeat(64)), true, "a seeder revokes its own word alone");
  manifest.setTrust(new ManifestTrust(OTHER, [{ key: SEEDER, hostname: "seeder" }]));
  assert.equal(manifest.isLive("1".repeat(64)), false);
});

Deno.test("an old revocation is forgotten together with every cell it covered", () => {
  const manifest = merged([cell(), cell({ author: SERVER, state: "revoked" })]);
  assert.deepEqual(manifest.pruneRevoked(NOW + REVOKED_HORIZON_MS), []);
  assert.deepEqual(manifest.pruneRevoked(NOW + REVOKED_HORIZON_MS + 1), ["1".repeat(64)]);
  assert.deepEqual(manifest.all(), []);
});

Deno.test("pages together give every allowed cell once, in the order in which they became news", () => {
  fc.assert(fc.property(fc.array(anyCell), fc.integer({ min: 1, max: 4 }), (cells, limit) => {
    const manifest = merged(cells);
    const seen: string[] = [];
    for (let sequence = 0, more = true; more;) {
      const page = manifest.since(sequence, limit);
      assert.ok(page.entries.length <= limit);
      seen.push(...page.entries.map((entry) => JSON.stringify(entry)));
      ({ next: sequence, more } = page);
    }
    const expected = manifest.all().filter((entry) => TRUST.allows(entry));
    assert.deepEqual(seen.sort(), expected.map((entry) => JSON.stringify(entry)).sort());
  }));
});

Deno.test("stamps rise above the clock and above everything merged", () => {
  assert.equal(merged([cell({ stamp: NOW + 1000 })]).nextStamp(NOW), NOW + 1001);
  assert.equal(merged([cell({ stamp: NOW - 1000 })]).nextStamp(NOW), NOW + 1);
});
