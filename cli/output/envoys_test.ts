import assert from "node:assert/strict";
import type { EnvoySummary } from "../../shared/rest/envoys.ts";
import { createStyle } from "../../shared/terminal/style.ts";
import { renderEnvoy, renderEnvoys } from "./envoys.ts";

const WEB: EnvoySummary = {
  uuid: "6f1c2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f",
  hostname: "web-1",
  presence: "online",
  state: "active",
  convergence: "Converged",
  lastRun: { convergence: "Converged", serial: 1, finishedAtMs: 1_000, root: "ab" },
  policy: "live",
  drift: "None",
  ip: "192.0.2.7",
  agentVersion: "0.1.0",
  lastSeenMs: 1_000,
  policyVersion: "v1",
  pausedReason: null,
  pausedUntilMs: null,
};

/** The row of one envoy, by its columns. */
function row(change: Partial<EnvoySummary>): string[] {
  const [, line = ""] = renderEnvoys([{ ...WEB, ...change }], 2_000).split("\n");
  return line.trim().split(/ {2,}/);
}

Deno.test("a status that is not known to hold is told as the past", () => {
  assert.equal(row({})[2], "Converged");
  assert.equal(row({ convergence: "NoData", policy: "pending" })[2], "NoData (was Converged)");
  assert.equal(row({ convergence: "NoData", lastRun: null })[2], "NoData");
});

Deno.test("a pause is told beside the presence, and in full with its end", () => {
  const paused = { pausedReason: "disk\u001b[31m swap", pausedUntilMs: 60_000 };
  assert.equal(row(paused)[1], "online, paused");
  const shown = renderEnvoy({
    ...WEB,
    ...paused,
    enrolledAtMs: 1,
    observedHostname: null,
    intervalMs: null,
    fingerprint: null,
    certificateExpiresAtMs: null,
    previousHostname: null,
    tags: { role: "web" },
    traits: {},
    warnings: [],
  }, 2_000);
  assert.match(shown, /Paused: .*disk.* swap \(until 1970-01-01T00:01:00.000Z\)/);
  assert.ok(!shown.includes("\u001b"));
});

Deno.test("where there are colours a status has its own, and columns stay where they are", () => {
  const style = createStyle({ isTerminal: true, env: {} });
  const fleet = [WEB, { ...WEB, convergence: "Failed" as const, state: "revoked" as const }];
  const shown = renderEnvoys(fleet, 2_000, style);
  for (const cell of [style.green("Converged"), style.red("Failed"), style.red("revoked")]) {
    assert.ok(shown.includes(cell), JSON.stringify(shown));
  }
  const plain = shown.split("\u001b").map((text) => text.replace(/^\[\d+m/, "")).join("");
  assert.equal(plain, renderEnvoys(fleet, 2_000));
});
