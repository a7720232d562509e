import assert from "node:assert/strict";
import { type NameClaim, nameClaimSchema, signNameClaim, verifyNameClaim } from "./name_claim.ts";
import { PuddleChain } from "./puddle_chain.ts";
import { delegate, puddleKeys } from "./puddle_fixture.ts";
import { resolveNames } from "./resolve_names.ts";

const [one, other, next] = puddleKeys(3);
const alone = new PuddleChain([]);

function claim(from: typeof one, name: string, atMs = 1): NameClaim {
  if (!from) throw new TypeError("no key");
  return signNameClaim(from.signer, name, atMs);
}

Deno.test("a name that one puddle claims means that puddle", () => {
  assert.deepEqual(
    resolveNames([claim(one, "mara"), claim(other, "dan")], alone).get("mara"),
    { kind: "one", publicKey: one?.key },
  );
});

Deno.test("a name that two puddles claim means nobody, whoever says to have come first", () => {
  const found = resolveNames([claim(one, "mara", 1), claim(other, "mara", 2)], alone).get("mara");
  assert.equal(found?.kind, "contested");
  assert.deepEqual(
    found?.kind === "contested" && new Set(found.publicKeys),
    new Set([one?.key, other?.key]),
  );
});

Deno.test("of one puddle the newest claim counts", () => {
  const found = resolveNames([claim(one, "new", 2), claim(one, "old", 1)], alone);
  assert.deepEqual([...found.keys()], ["new"]);
});

Deno.test("a name stays with its puddle when the key changes", () => {
  const chain = new PuddleChain([delegate(one, next)]);
  const found = resolveNames([claim(one, "mara", 9), claim(next, "mara", 1)], chain);
  assert.deepEqual(found.get("mara"), { kind: "one", publicKey: next?.key });
});

Deno.test("a later key's claim outranks those of the keys before it, whatever their clocks said", () => {
  const chain = new PuddleChain([delegate(one, next)]);
  const found = resolveNames([claim(one, "stolen", 9), claim(next, "mara", 1)], chain);
  assert.deepEqual([...found.keys()], ["mara"]);
});

Deno.test("a claim is bound to its name, key and time", () => {
  const signed = claim(one, "mara");
  assert.ok(verifyNameClaim(signed));
  for (
    const changed of [{ name: "mary" }, { claimedAtMs: 2 }, { publicKey: other?.key ?? "" }]
  ) {
    assert.equal(verifyNameClaim({ ...signed, ...changed }), false);
  }
});

Deno.test("names that read as keys, are too long or hold anything odd are refused", () => {
  for (const name of ["", "a".repeat(65), "0".repeat(64), "Mara", "-mara", "a b", "é", "a/b"]) {
    const parsed = nameClaimSchema.safeParse({ ...claim(one, "mara"), name });
    assert.equal(parsed.success, false, name);
  }
});
