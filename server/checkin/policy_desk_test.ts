import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { sha256 } from "../../shared/crypto/sha256.ts";
import { FakePolicyResolver } from "../../tests/support/simulated_fleet.ts";
import { EnvoyState } from "./envoy_state.ts";
import { type HeldPolicy, PolicyDesk } from "./policy_desk.ts";

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
  });
  setDistro(state, "debian");
  let epoch = 0;
  const made = new PolicyDesk({
    resolver,
    signer,
    now: () => 1000,
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
  return { resolver, state, held, desk: made, rotateSecret: () => epoch++ };
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

Deno.test("tags, secrets and another version each make the server resolve", () => {
  const { resolver, state, held, desk: made, rotateSecret } = desk();
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

Deno.test("an envoy that reports another root than it was sent gets the bundle again, under a higher serial", () => {
  const { state, held, desk: made } = desk();
  const first = made.answer(state, held());
  assert.notEqual(first, "no_change");
  const lost = made.answer(state, held({ fingerprint: "ff".repeat(32), bundleSerial: 2_000 }));
  assert.ok(lost !== "no_change");
  assert.equal(lost.serial, 2_001);
});
