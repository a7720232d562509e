import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { sha256 } from "../../shared/crypto/sha256.ts";
import { withSecret } from "../../tests/support/resource_with_secret.ts";
import { FakePolicyResolver } from "../../tests/support/simulated_fleet.ts";
import { EnvoyState } from "./envoy_state.ts";
import { type HeldPolicy, PolicyDesk } from "./policy_desk.ts";
import { policySecrets } from "./policy_secrets.ts";

function desk() {
  const resolver = new FakePolicyResolver();
  const { signer } = generateEd25519();
  const state = new EnvoyState({
    uuid: crypto.randomUUID(),
    hostname: "web-1",
    signingKey: signer.publicKey.toHex(),
    state: "active",
    enrolledAtMs: 0,
    revokedAtMs: null,
    tags: {},
    tagRevision: 0,
    suspectedClone: false,
    previousHostname: null,
    removedAtMs: null,
  });
  setDistro(state, "debian");
  let epoch = 0;
  const time = { atMs: 0, resolveMs: 0 };
  const resolve = resolver.resolve.bind(resolver);
  resolver.resolve = () => {
    time.atMs += time.resolveMs;
    return resolve();
  };
  const made = new PolicyDesk({
    resolver,
    signer,
    now: () => 1000,
    elapsedMs: () => time.atMs,
    logger: getLogger("test"),
    secretEpoch: () => epoch,
  });
  const held = (changes: Partial<HeldPolicy> = {}): HeldPolicy => ({
    isForced: false,
    fingerprint: state.policy?.root ?? "",
    bundleSerial: 0,
    touched: [],
    ...changes,
  });
  return { resolver, state, held, time, desk: made, rotateSecret: () => epoch++ };
}

function setDistro(state: EnvoyState, distro: string): void {
  const text = JSON.stringify({ os: { distro }, uptime: { seconds: 1 } });
  state.traits.setStable(new TextEncoder().encode(text), sha256(text));
}

Deno.test("before anything is published nothing changes", () => {
  const { resolver, state, held, desk: made } = desk();
  resolver.policyVersion = undefined;
  assert.equal(made.answer(state, held()), "no_change");
});

Deno.test("a trait that was not read does not make the server resolve; one that was does", () => {
  const { resolver, state, held, desk: made } = desk();
  assert.notEqual(made.answer(state, held()), "no_change");
  assert.equal(made.answer(state, held({ touched: ["uptime"] })), "no_change");
  assert.equal(resolver.calls, 1);
  setDistro(state, "arch");
  assert.equal(made.answer(state, held({ touched: undefined })), "no_change");
  assert.equal(resolver.calls, 2, "resolved, to the same root");
});

Deno.test("tags, secrets that it names and another version each make the server resolve", () => {
  const { resolver, state, held, desk: made, rotateSecret } = desk();
  resolver.resources = [withSecret("db/password")];
  made.answer(state, held());
  state.record = { ...state.record, tagRevision: 1 };
  made.answer(state, held());
  rotateSecret();
  made.answer(state, held());
  resolver.policyVersion = "version-2";
  made.answer(state, held());
  assert.equal(resolver.calls, 4);
  made.answer(state, held());
  assert.equal(resolver.calls, 4);
});

Deno.test("a secret that changes is nothing to an envoy whose policy names none", () => {
  const { resolver, state, held, desk: made, rotateSecret } = desk();
  made.answer(state, held());
  rotateSecret();
  assert.equal(made.answer(state, held()), "no_change");
  assert.equal(resolver.calls, 1);
  assert.equal(made.hasStaleSecrets(state, 0), false);
});

Deno.test("secrets that were resolved at another epoch are stale", () => {
  const { resolver, state, held, desk: made, rotateSecret } = desk();
  resolver.resources = [withSecret("db/password")];
  made.answer(state, held());
  const heldEpoch = made.secretEpoch;
  assert.equal(made.hasStaleSecrets(state, heldEpoch), false);
  rotateSecret();
  assert.equal(made.hasStaleSecrets(state, heldEpoch), true);
});

Deno.test("an envoy whose policy can no longer be resolved keeps the secrets of the one it holds", () => {
  const { resolver, state, held, desk: made } = desk();
  resolver.resources = [withSecret("db/password")];
  made.answer(state, held());
  resolver.policyVersion = "version-2";
  resolver.problem = "web.vgo:3:5: undefined variable";
  made.answer(state, held());
  const { current, sent } = policySecrets(state, resolver);
  assert.deepEqual([...current ?? []], ["db/password"]);
  assert.deepEqual(current, sent);
  // It says that it holds another one, of which this server knows nothing.
  made.answer(state, held({ isForced: true, fingerprint: "ff".repeat(32) }));
  assert.equal(policySecrets(state, resolver).current, undefined);
});

Deno.test("an envoy that reports another root than it was sent gets the bundle again, under a higher serial", () => {
  const { state, held, desk: made } = desk();
  const first = made.answer(state, held());
  assert.notEqual(first, "no_change");
  const lost = made.answer(state, held({ fingerprint: "ff".repeat(32), bundleSerial: 2_000 }));
  assert.ok(lost !== "no_change");
  assert.equal(lost.serial, 2_001);
});

Deno.test("an envoy whose traits cost the server seconds waits for time, unless something is published", () => {
  const { resolver, state, held, time, desk: made } = desk();
  time.resolveMs = 2_000;
  const changeTraits = (distro: string) => {
    setDistro(state, distro);
    made.answer(state, held({ touched: undefined }));
  };
  for (const distro of ["a", "b", "c", "d", "e"]) changeTraits(distro);
  assert.equal(resolver.calls, 3, "6 s of the 5 that there are at once");
  assert.match(state.warnings().join(), /its traits change faster than its policy/);
  resolver.policyVersion = "version-2";
  made.answer(state, held());
  assert.equal(resolver.calls, 4);
  changeTraits("f");
  assert.equal(resolver.calls, 4);
  time.atMs += 200_000;
  changeTraits("g");
  assert.equal(resolver.calls, 5);
  assert.deepEqual(state.warnings(), []);
});
