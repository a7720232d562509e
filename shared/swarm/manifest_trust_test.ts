import assert from "node:assert/strict";
import fc from "fast-check";
import { Manifest } from "./manifest.ts";
import type { ManifestEntry } from "./manifest_entry.ts";
import { type EntryFields, manifestEntry } from "./manifest_entry_fixture.ts";
import { ManifestTrust } from "./manifest_trust.ts";

const SERVER = "0".repeat(64);
const OLD_KEY = "a".repeat(64);
const NEW_KEY = "b".repeat(64);
const NOW = 1_800_000_000_000;
const CONTEXT = { nowMs: NOW, fromServer: false };

function cell(fields: EntryFields = {}): ManifestEntry {
  return manifestEntry({
    sha256: "1".repeat(64),
    origin: "seeder",
    createdMs: NOW,
    stamp: NOW,
    author: OLD_KEY,
    ...fields,
  });
}

const anyCell = fc.record({
  sha256: fc.constantFrom(...["1", "2"].map((digit) => digit.repeat(64))),
  author: fc.constantFrom(SERVER, OLD_KEY, NEW_KEY),
  origin: fc.constantFrom("seeder", "other"),
  state: fc.constantFrom("active" as const, "revoked" as const),
  stamp: fc.integer({ min: NOW - 4, max: NOW }),
  variant: fc.constantFrom("4", "5"),
}).map(({ variant, ...fields }) => {
  // Verified cells of other content have other signatures.
  const signature = `${fields.origin === "seeder" ? "a" : "b"}${variant.repeat(127)}`;
  return cell({ ...fields, signature });
});

const anyTrust = fc.array(
  fc.record({
    key: fc.constantFrom(OLD_KEY, NEW_KEY),
    hostname: fc.constantFrom("seeder", "other"),
    validUntilMs: fc.integer({ min: NOW - 5, max: NOW + 1 }),
  }),
  { maxLength: 2 },
).map((keys) => new ManifestTrust(SERVER, keys));

function view(manifest: Manifest) {
  return { digest: manifest.digest(), live: [...manifest.blobs()].map((entry) => entry.signature) };
}

Deno.test("a seeder's word counts if its certificate was valid when it was stamped, however late it is read", () => {
  const trust = new ManifestTrust(SERVER, [
    { key: OLD_KEY, hostname: "seeder", validUntilMs: NOW - 10 },
  ]);
  assert.equal(trust.allows(cell({ stamp: NOW - 10 })), true);
  assert.equal(trust.allows(cell({ stamp: NOW - 9 })), false);
  assert.equal(trust.allows(cell({ stamp: NOW - 9, author: SERVER })), true);
});

Deno.test("what is stamped after the end of a certificate waits, and counts once a renewal is known", () => {
  const lapsed = new ManifestTrust(SERVER, [
    { key: OLD_KEY, hostname: "seeder", validUntilMs: NOW - 1 },
  ]);
  const manifest = new Manifest(lapsed);
  manifest.merge([cell()], CONTEXT);
  assert.equal(manifest.effective("1".repeat(64)), undefined);
  manifest.setTrust(
    new ManifestTrust(SERVER, [{ key: OLD_KEY, hostname: "seeder", validUntilMs: NOW + 1 }]),
  );
  assert.equal(manifest.isLive("1".repeat(64)), true);
});

Deno.test("a host that was enrolled anew speaks with its new key alone", () => {
  const manifest = new Manifest(new ManifestTrust(SERVER, [{ key: OLD_KEY, hostname: "seeder" }]));
  manifest.merge([cell()], CONTEXT);
  manifest.setTrust(new ManifestTrust(SERVER, [{ key: NEW_KEY, hostname: "seeder" }]));
  assert.equal(manifest.effective("1".repeat(64)), undefined);
  manifest.merge([cell({ state: "revoked", stamp: NOW + 1 })], CONTEXT);
  manifest.merge([cell({ author: NEW_KEY })], CONTEXT);
  assert.equal(manifest.isLive("1".repeat(64)), true);
});

Deno.test("a seeder that swarm.seeders admits no longer changes nothing by what it says, before or after", () => {
  const manifest = new Manifest(
    new ManifestTrust(SERVER, [{ key: OLD_KEY, hostname: "seeder" }, {
      key: NEW_KEY,
      hostname: "other",
    }]),
  );
  const theirs = cell({ author: NEW_KEY, origin: "other" });
  manifest.merge([cell({ stamp: NOW - 1 }), theirs], CONTEXT);
  manifest.setTrust(new ManifestTrust(SERVER, [{ key: NEW_KEY, hostname: "other" }]));
  manifest.merge([cell({ target: "web-*", stamp: NOW + 1 })], CONTEXT);
  assert.deepEqual(manifest.effective("1".repeat(64)), theirs);
});

Deno.test("in the end only the last document counts, whichever came before and between", () => {
  const batch = fc.array(anyCell, { maxLength: 8 });
  fc.assert(fc.property(batch, batch, anyTrust, anyTrust, (one, two, first, last) => {
    const changed = new Manifest(first);
    changed.merge(one, CONTEXT);
    changed.setTrust(last);
    changed.merge(two, CONTEXT);
    const settled = new Manifest(last);
    settled.merge([...two, ...one], CONTEXT);
    assert.deepEqual(view(changed).digest, view(settled).digest);
    assert.deepEqual(view(changed).live.sort(), view(settled).live.sort());
  }));
});
