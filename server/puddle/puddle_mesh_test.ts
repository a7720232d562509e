import assert from "node:assert/strict";
import { signNameClaim } from "../../shared/puddle/name_claim.ts";
import { delegate, puddleKeys } from "../../shared/puddle/puddle_fixture.ts";
import { findPuddles, viewPuddles } from "./puddle_mesh.ts";

const [mara, dan, next] = puddleKeys(3);

function member(key: typeof mara, fields: Record<string, unknown> = {}) {
  return {
    pubkey: key?.key ?? null,
    initialised: true,
    unlocked: false,
    pair_pending: false,
    name_claim: null,
    retired_keys: [],
    ...fields,
  };
}

function claim(key: typeof mara, name: string) {
  return key && signNameClaim(key.signer, name, 1);
}

function envoy(hostname: string, trait: unknown) {
  return { uuid: `uuid of ${hostname}`, hostname, trait };
}

const nobody = () => false;

Deno.test("a puddle is the same key on several envoys", () => {
  const [puddle, another] = viewPuddles(
    [
      envoy("web-2", { mara: member(mara, { unlocked: true }) }),
      envoy("web-1", { mara: member(mara), root: member(undefined) }),
      envoy("web-3", undefined),
    ],
    [],
    ({ envoyUuid }) => envoyUuid === "uuid of web-2",
  );
  assert.equal(another, undefined);
  assert.equal(puddle?.publicKey, mara?.key);
  assert.deepEqual(
    puddle?.members.map(({ hostname, user, unlocked, evicted }) => [
      hostname,
      user,
      unlocked,
      evicted,
    ]),
    [["web-1", "mara", false, false], ["web-2", "mara", true, true]],
  );
});

Deno.test("a name counts if it is signed, and two puddles with one name contest it", () => {
  const view = (danClaims: unknown) =>
    viewPuddles(
      [envoy("web-1", {
        mara: member(mara, { name_claim: claim(mara, "mara") }),
        dan: member(dan, { name_claim: danClaims }),
      })],
      [],
      nobody,
    );
  const forged = { ...claim(mara, "mara"), publicKey: dan?.key };
  assert.deepEqual(
    view(forged).map(({ nameState }) => nameState).sort(),
    ["claimed", "none"],
  );
  assert.deepEqual(view(claim(dan, "mara")).map(({ nameState }) => nameState), [
    "contested",
    "contested",
  ]);
  assert.deepEqual(findPuddles(view(claim(dan, "mara")), "mara").length, 2);
});

Deno.test("a key that was replaced names its successor, and one that named two is contested", () => {
  const envoys = [envoy("web-1", { mara: member(mara) })];
  const [replaced] = viewPuddles(envoys, [delegate(mara, next)], nobody);
  assert.equal(replaced?.successor, next?.key);
  const [contested] = viewPuddles(envoys, [delegate(mara, next), delegate(mara, dan)], nobody);
  assert.ok(contested?.contested);
  assert.equal(contested?.successor, null);
});

Deno.test("after a new key a name means the present one, also while a machine reports the old one", () => {
  const delegation = delegate(mara, next);
  const old = envoy("web-1", { mara: member(mara, { name_claim: claim(mara, "mara") }) });
  const young = envoy("hub", {
    mara: member(next, {
      name_claim: claim(next, "mara"),
      retired_keys: [mara?.key],
      delegations: [delegation],
    }),
  });
  const found = viewPuddles([old, young], [], nobody);
  assert.deepEqual(findPuddles(found, "mara").map(({ publicKey }) => publicKey), [next?.key]);
  const [ofOld] = findPuddles(found, mara?.key ?? "");
  assert.deepEqual([ofOld?.successor, ofOld?.nameState, ofOld?.saidSuccessors], [
    next?.key,
    "claimed",
    [],
  ]);
  const [before] = findPuddles(viewPuddles([old], [delegation], nobody), "mara");
  assert.equal(before?.successor, next?.key, "no machine reports the new key yet");
});

Deno.test("a machine's word on which key came later is shown as its word, and nothing rests on it", () => {
  const forged = { ...delegate(mara, next), newKey: dan?.key };
  const [found] = viewPuddles(
    [
      envoy("web-1", { mara: member(mara) }),
      envoy("web-2", {
        dan: member(dan, { retired_keys: [mara?.key], delegations: [forged, 1, "x"] }),
      }),
    ],
    [],
    nobody,
  ).filter(({ publicKey }) => publicKey === mara?.key);
  assert.equal(found?.successor, null);
  assert.deepEqual(found?.saidSuccessors, [{ publicKey: dan?.key, hostname: "web-2" }]);
});

Deno.test("what an envoy makes up costs nobody else anything", () => {
  const traits = [
    [],
    "text",
    { mara: 1, __proto__: { x: 1 } },
    { mara: member(mara, { pubkey: "x" }) },
    { mara: { ...member(mara), name_claim: { name: "x".repeat(1e5) } } },
  ];
  const found = viewPuddles(traits.map((trait, at) => envoy(`web-${at}`, trait)), [], nobody);
  assert.deepEqual(found.map(({ publicKey, name }) => [publicKey, name]), [[mara?.key, null]]);
});

Deno.test("a puddle is found by its name or the first digits of its key", () => {
  const puddles = viewPuddles(
    [envoy("web-1", { mara: member(mara, { name_claim: claim(mara, "mara") }) })],
    [],
    nobody,
  );
  const key = mara?.key ?? "";
  for (const reference of ["mara", key, key.slice(0, 8)]) {
    assert.equal(findPuddles(puddles, reference).length, 1, reference);
  }
  for (const reference of ["dan", key.slice(0, 7), "", "MARA"]) {
    assert.equal(findPuddles(puddles, reference).length, 0, reference);
  }
});
