import assert from "node:assert/strict";
import fc from "fast-check";
import { CONVERGENCES, POLICY_STATES } from "../../shared/rest/envoys.ts";
import { judgeDrift, judgePolicy, judgeStatus, type PolicyFacts } from "./judge_status.ts";

const LIVE: PolicyFacts = {
  liveVersion: "v2",
  resolved: { policyVersion: "v2", tagRevision: 1, root: "r2" },
  isUnresolved: false,
  heldVersion: "v2",
  heldRoot: "r2",
  tagRevision: 1,
  appliedRoot: "r2",
};

Deno.test("a policy is live once the last run was of what is wanted, whatever version brought that", () => {
  assert.equal(judgePolicy(LIVE), "live");
  assert.equal(judgePolicy({ ...LIVE, heldVersion: "v1" }), "live", "v2 changes nothing here");
});

Deno.test("a policy that is published, sent or held but not applied is pending", () => {
  assert.equal(judgePolicy({ ...LIVE, liveVersion: "v3" }), "pending", "published");
  assert.equal(judgePolicy({ ...LIVE, appliedRoot: "r1", heldRoot: "r1" }), "pending", "sent");
  assert.equal(judgePolicy({ ...LIVE, appliedRoot: "r1" }), "pending", "held");
  assert.equal(judgePolicy({ ...LIVE, tagRevision: 2 }), "pending", "tagged");
});

Deno.test("what cannot be resolved and what was never published are told apart", () => {
  assert.equal(judgePolicy({ ...LIVE, isUnresolved: true }), "unresolved");
  assert.equal(
    judgePolicy({ ...LIVE, isUnresolved: true, liveVersion: "v3" }),
    "pending",
    "perhaps v3 can be",
  );
  assert.equal(judgePolicy({ ...LIVE, liveVersion: undefined }), "none");
});

Deno.test("a server that has just started goes by the version that was applied, if that is live", () => {
  const restarted = { ...LIVE, resolved: undefined };
  assert.equal(judgePolicy(restarted), "live");
  assert.equal(judgePolicy({ ...restarted, heldVersion: "v1" }), "pending");
  assert.equal(judgePolicy({ ...restarted, appliedRoot: "r1" }), "pending");
  assert.equal(judgePolicy({ ...restarted, heldRoot: "", appliedRoot: "" }), "pending");
});

Deno.test("nothing reads Converged unless it answers and its last run was of the live policy", () => {
  const facts = fc.record({
    lastRun: fc.constantFrom(...CONVERGENCES),
    isOnline: fc.boolean(),
    policy: fc.constantFrom(...POLICY_STATES),
  });
  fc.assert(fc.property(facts, (known) => {
    const isPresent = known.isOnline && known.policy === "live";
    assert.equal(judgeStatus(known), isPresent ? known.lastRun : "NoData");
  }));
});

Deno.test("changes in three runs in a row are a divergence", () => {
  assert.deepEqual([0, 1, 2, 3, 100].map(judgeDrift), [
    "None",
    "Changed",
    "Changed",
    "Diverged",
    "Diverged",
  ]);
});
