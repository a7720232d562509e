import assert from "node:assert/strict";
import { judgeDelta, needsBundle, type PolicyInputs } from "./delta_rule.ts";

const inputs: PolicyInputs = {
  policyVersion: "v1",
  tagRevision: 3,
  secretEpoch: 4,
  readsDigest: "aa",
};
const unchanged = {
  isForced: false,
  fingerprint: "root",
  sent: { inputs, root: "root" },
  current: inputs,
};

Deno.test("nothing changed only if every condition holds: each of them alone makes the server resolve", () => {
  assert.equal(judgeDelta(unchanged), "no_change");
  const otherwise = {
    isForced: true,
    fingerprint: "other",
    sent: undefined,
    policyVersion: "v2",
    tagRevision: 4,
    secretEpoch: 5,
    readsDigest: "bb",
  };
  // Every combination of conditions that hold and do not.
  const conditions = Object.entries(otherwise);
  for (let chosen = 1; chosen < 2 ** conditions.length; chosen++) {
    const broken = Object.fromEntries(conditions.filter((_, index) => chosen & (1 << index)));
    const { isForced, fingerprint, policyVersion, tagRevision, secretEpoch, readsDigest } = {
      ...unchanged,
      ...inputs,
      ...broken,
    };
    const question = {
      isForced,
      fingerprint,
      sent: "sent" in broken ? undefined : unchanged.sent,
      current: { policyVersion, tagRevision, secretEpoch, readsDigest },
    };
    assert.equal(judgeDelta(question), "resolve", Object.keys(broken).join());
  }
});

Deno.test("a policy that resolves to what the envoy holds does not travel", () => {
  assert.equal(needsBundle({ isForced: false, fingerprint: "root" }, "root"), false);
});

Deno.test("a policy travels when its root differs, or when somebody asked for it whole", () => {
  assert.equal(needsBundle({ isForced: false, fingerprint: "" }, "root"), true);
  assert.equal(needsBundle({ isForced: false, fingerprint: "old" }, "root"), true);
  assert.equal(needsBundle({ isForced: true, fingerprint: "root" }, "root"), true);
});
