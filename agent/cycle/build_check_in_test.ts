import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { buildCheckIn, changedTraits, type CheckInFacts } from "./build_check_in.ts";

const FACTS: CheckInFacts = {
  agentVersion: "0.1.0",
  observedHostname: "web-1",
  lanAddress: "10.0.0.2",
  intervalMs: 60_000,
  stable: { bytes: new Uint8Array([1, 2]), digest: new Uint8Array([3]) },
  sendsStable: false,
  volatile: {},
  acknowledged: {},
  fleetSerial: 1,
  envoySerial: 2,
  cloneToken: new Uint8Array([4]),
  droppedReports: 0,
  force: false,
  secretEpoch: 0,
  manifestDigest: new Uint8Array(),
  manifestSince: "",
  swarmAddress: "",
};

Deno.test("without a policy the fingerprint is empty and its version too", () => {
  const { policyVersion, stateFingerprint, bundleSerial } = buildCheckIn(FACTS);
  assert.deepEqual([policyVersion, stateFingerprint.length, bundleSerial], ["", 0, 0]);
  const held = buildCheckIn({ ...FACTS, bundle: { policyVersion: "v", root: "0aff", serial: 7 } });
  assert.deepEqual(held.stateFingerprint, Buffer.from([0x0a, 0xff]));
});

Deno.test("stable traits travel only when they are to, their digest always", () => {
  assert.equal(buildCheckIn(FACTS).stableTraits.length, 0);
  assert.deepEqual(buildCheckIn(FACTS).traitsDigest, Buffer.from([3]));
  assert.deepEqual(buildCheckIn({ ...FACTS, sendsStable: true }).stableTraits, Buffer.from([1, 2]));
});

Deno.test("a pause says who and why, and until when if it ends", () => {
  const pause = { by: "mara", reason: "disk swap", untilMs: 5, sinceMs: 1 };
  const { pausedReason, pausedUntilMs } = buildCheckIn({ ...FACTS, pause });
  assert.deepEqual([pausedReason, pausedUntilMs], ["mara: disk swap", 5]);
  assert.equal(buildCheckIn(FACTS).pausedReason, "");
});

Deno.test("nothing travels of what the server has, and all of what it has not, whatever the order of keys", () => {
  assert.deepEqual(changedTraits({ a: { x: 1, y: 2 } }, { a: { y: 2, x: 1 } }), {});
  const traits = fc.dictionary(fc.string(), fc.jsonValue());
  // What fast-check calls JSON is our Json.
  fc.assert(fc.property(traits, traits, (current, known) => {
    const sent = changedTraits(current as never, known as never);
    // The server that puts what was sent over what it had has what there is.
    const has = { ...known, ...sent };
    for (const name of Object.keys(current)) {
      assert.equal(Object.hasOwn(has, name), true, name);
    }
    assert.deepEqual(changedTraits(current as never, has as never), {});
  }));
});
