import assert from "node:assert/strict";
import type { EnvoySummary } from "../../shared/rest/envoys.ts";
import type { Minute } from "../../shared/rest/fleet.ts";
import { FleetIndex } from "../fleet/fleet_index.ts";
import { envoyRecord } from "../store/envoy_fixture.ts";
import { fleetAtAGlance } from "./fleet_at_a_glance.ts";

const NOW_MS = 1_700_000_000_000;
const DAY_MS = 86_400_000;
const index = new FleetIndex(() => NOW_MS);
const healthy: EnvoySummary = {
  ...index.summarize(index.put(envoyRecord())),
  presence: "online",
  convergence: "Converged",
  policy: "live",
};

function envoy(
  hostname: string,
  changes: Partial<EnvoySummary> = {},
  certificateExpiresAtMs: number | null = NOW_MS + 60 * DAY_MS,
) {
  return { summary: { ...healthy, hostname, ...changes }, certificateExpiresAtMs };
}

function minute(agoMinutes: number, fields: Partial<Minute>): Minute {
  return {
    minuteMs: NOW_MS - agoMinutes * 60_000,
    checkIns: 0,
    runs: 0,
    online: 0,
    converged: 0,
    degraded: 0,
    failed: 0,
    noData: 0,
    originBytes: 0,
    peerBytes: 0,
    serverBytes: 0,
    ...fields,
  };
}

Deno.test("a fleet in which all is well needs nobody", () => {
  const { total, online, converged, attention } = fleetAtAGlance(
    [envoy("a"), envoy("b")],
    [],
    NOW_MS,
  );
  assert.deepEqual([total, online, converged, attention], [2, 2, 2, []]);
});

Deno.test("each reason for a person names its envoys, the most urgent reason first", () => {
  const { attention, failed, diverged, drifted } = fleetAtAGlance(
    [
      envoy("paused", { pausedReason: "by ann" }),
      envoy("gone", { presence: "offline", convergence: "NoData" }),
      envoy("old", {}, NOW_MS + 13 * DAY_MS),
      envoy("weak", { convergence: "Degraded" }),
      envoy("b-failed", { convergence: "Failed", drift: "Diverged" }),
      envoy("a-failed", { convergence: "Failed", drift: "Changed" }),
      envoy("none", { policy: "unresolved" }),
      envoy("twin", { state: "cloned?" }),
    ],
    [],
    NOW_MS,
  );
  assert.deepEqual(attention.map(({ reason, hostnames }) => [reason, ...hostnames]), [
    ["cloned", "twin"],
    ["failed", "a-failed", "b-failed"],
    ["unresolved", "none"],
    ["diverged", "b-failed"],
    ["degraded", "weak"],
    ["certificate", "old"],
    ["offline", "gone"],
    ["paused", "paused"],
  ]);
  assert.deepEqual([failed, drifted, diverged], [2, 2, 1]);
});

Deno.test("a reason that a thousand envoys give names a few of them and counts all", () => {
  const many = Array.from({ length: 1000 }, (_, at) => envoy(`h${at}`, { convergence: "Failed" }));
  const [failed] = fleetAtAGlance(many, [], NOW_MS).attention;
  assert.deepEqual([failed?.envoys, failed?.hostnames.length], [1000, 8]);
});

Deno.test("check-ins per second are those of the last whole minute, and unknown if that is long past", () => {
  const minutes = [minute(2, { checkIns: 60, runs: 3 }), minute(1, { checkIns: 90, runs: 2 })];
  const { checkInsPerSecond, runsOfDay } = fleetAtAGlance([], minutes, NOW_MS);
  assert.deepEqual([checkInsPerSecond, runsOfDay], [1.5, 5]);
  assert.equal(fleetAtAGlance([], [minute(9, { checkIns: 9 })], NOW_MS).checkInsPerSecond, null);
});
