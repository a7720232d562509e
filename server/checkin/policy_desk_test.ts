import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { sha256 } from "../../shared/crypto/sha256.ts";
import { withSecret } from "../../tests/support/resource_with_secret.ts";
import { FakePolicyResolver } from "../../tests/support/simulated_fleet.ts";
import { envoyRecord } from "../store/envoy_fixture.ts";
import { EnvoyState } from "../fleet/envoy_state.ts";
import { type HeldPolicy, PolicyDesk } from "./policy_desk.ts";
import { policySecrets } from "../fleet/policy_secrets.ts";

function desk() {
  const resolver = new FakePolicyResolver();
  const { signer } = generateEd25519();
  const state = new EnvoyState(envoyRecord({ signingKey: signer.publicKey.toHex() }));
  setDistro(state, "debian");
  let epoch = 0;
  const time = { atMs: 0, resolveMs: 0 };
  const resolve = resolver.resolve.bind(resolver);
  resolver.resolve = function* () {
    time.atMs += time.resolveMs;
    return yield* resolve();
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

Deno.test("before anything is published nothing changes", async () => {
  const { resolver, state, held, desk: made } = desk();
  resolver.policyVersion = undefined;
  assert.equal(await made.answer(state, held()), "no_change");
});

Deno.test("a trait that was not read does not make the server resolve; one that was does", async () => {
  const { resolver, state, held, desk: made } = desk();
  assert.notEqual(await made.answer(state, held()), "no_change");
  assert.equal(await made.answer(state, held({ touched: ["uptime"] })), "no_change");
  assert.equal(resolver.calls, 1);
  setDistro(state, "arch");
  assert.equal(await made.answer(state, held({ touched: undefined })), "no_change");
  assert.equal(resolver.calls, 2, "resolved, to the same root");
});

Deno.test("tags, secrets that it names and another version each make the server resolve", async () => {
  const { resolver, state, held, desk: made, rotateSecret } = desk();
  resolver.resources = [withSecret("db/password")];
  await made.answer(state, held());
  state.record = { ...state.record, tagRevision: 1 };
  await made.answer(state, held());
  rotateSecret();
  await made.answer(state, held());
  resolver.policyVersion = "version-2";
  await made.answer(state, held());
  assert.equal(resolver.calls, 4);
  await made.answer(state, held());
  assert.equal(resolver.calls, 4);
});

Deno.test("a secret that changes is nothing to an envoy whose policy names none", async () => {
  const { resolver, state, held, desk: made, rotateSecret } = desk();
  await made.answer(state, held());
  rotateSecret();
  assert.equal(await made.answer(state, held()), "no_change");
  assert.equal(resolver.calls, 1);
  assert.equal(made.hasStaleSecrets(state, 0), false);
});

Deno.test("secrets that were resolved at another epoch are stale", async () => {
  const { resolver, state, held, desk: made, rotateSecret } = desk();
  resolver.resources = [withSecret("db/password")];
  await made.answer(state, held());
  const heldEpoch = made.secretEpoch;
  assert.equal(made.hasStaleSecrets(state, heldEpoch), false);
  rotateSecret();
  assert.equal(made.hasStaleSecrets(state, heldEpoch), true);
});

Deno.test("an envoy whose policy can no longer be resolved keeps the secrets of the one it holds", async () => {
  const { resolver, state, held, desk: made } = desk();
  resolver.resources = [withSecret("db/password")];
  await made.answer(state, held());
  resolver.policyVersion = "version-2";
  resolver.problem = "web.vgo:3:5: undefined variable";
  await made.answer(state, held());
  const { current, sent } = await policySecrets(state, resolver);
  assert.deepEqual([...current ?? []], ["db/password"]);
  assert.deepEqual(current, sent);
  // It says that it holds another one, of which this server knows nothing.
  await made.answer(state, held({ isForced: true, fingerprint: "ff".repeat(32) }));
  assert.equal((await policySecrets(state, resolver)).current, undefined);
});

Deno.test("an envoy that reports another root than it was sent gets the bundle again, under a higher serial", async () => {
  const { state, held, desk: made } = desk();
  const first = await made.answer(state, held());
  assert.notEqual(first, "no_change");
  const lost = await made.answer(
    state,
    held({ fingerprint: "ff".repeat(32), bundleSerial: 2_000 }),
  );
  assert.ok(lost !== "no_change");
  assert.equal(lost.serial, 2_001);
});

Deno.test("an envoy whose traits cost the server seconds waits for time, unless something is published", async () => {
  const { resolver, state, held, time, desk: made } = desk();
  time.resolveMs = 2_000;
  const changeTraits = async (distro: string) => {
    setDistro(state, distro);
    await made.answer(state, held({ touched: undefined }));
  };
  for (const distro of ["a", "b", "c", "d", "e"]) await changeTraits(distro);
  assert.equal(resolver.calls, 3, "6 s of the 5 that there are at once");
  assert.match(state.warnings().join(), /its traits change faster than its policy/);
  resolver.policyVersion = "version-2";
  await made.answer(state, held());
  assert.equal(resolver.calls, 4);
  await changeTraits("f");
  assert.equal(resolver.calls, 4);
  time.atMs += 200_000;
  await changeTraits("g");
  assert.equal(resolver.calls, 5);
  assert.deepEqual(state.warnings(), []);
});

Deno.test("while the policy of one envoy takes long another one is answered", async () => {
  const slow = desk(), quick = desk();
  const slowStarted = Promise.withResolvers<void>();
  let isAnswered = false;
  slow.resolver.resolve = function* () {
    slowStarted.resolve();
    // Ends anyhow, so that a server that cannot be interrupted fails this rather than hangs.
    for (let turn = 0; turn < 5e7 && !isAnswered; turn++) yield;
    assert.ok(isAnswered, "the other one was answered first");
    return undefined;
  };
  const [, answer] = await Promise.all([
    slow.desk.answer(slow.state, slow.held()),
    slowStarted.promise.then(async () => {
      const answered = await quick.desk.answer(quick.state, quick.held());
      isAnswered = true;
      return answered;
    }),
  ]);
  assert.notEqual(answer, "no_change");
});

Deno.test("check-ins of one envoy have its policy worked out one after the other", async () => {
  const { resolver, state, held, desk: made } = desk();
  const resolve = resolver.resolve.bind(resolver);
  let running = 0;
  resolver.resolve = function* () {
    running++;
    assert.equal(running, 1);
    for (let turn = 0; turn < 100_000; turn++) yield;
    const resolved = yield* resolve();
    running--;
    return resolved;
  };
  const forced = { isForced: true, fingerprint: "ff".repeat(32) };
  const answers = await Promise.all([1, 2, 3].map(() => made.answer(state, held(forced))));
  assert.equal(resolver.calls, 3);
  assert.ok(answers.every((answer) => answer !== "no_change"));
});
