import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type ServiceError, status } from "@grpc/grpc-js";
import { runRoutes } from "../api/run_routes.ts";
import { LOCAL_ROOT } from "../service/principal.ts";
import { bundleResourceSchema } from "../../shared/config/policy_bundle.ts";
import { OUTCOMES, type RunReport } from "../../shared/config/run_report.ts";
import { envoyDetailSchema } from "../../shared/rest/envoys.ts";
import type { SimulatedEnvoy } from "../../tests/support/simulated_envoy.ts";
import { SimulatedFleet } from "../../tests/support/simulated_fleet.ts";

const FILE = bundleResourceSchema.parse({
  id: "file:/etc/motd",
  type: "file",
  name: "/etc/motd",
  crate: "motd",
  source: "configcrates/motd.vgo:2:5",
  dependsOn: [],
  notify: [],
  params: { content: "hello" },
});

function summary(server: SimulatedFleet) {
  const [envoy] = server.fleet.index.list({ limit: 1 }).envoys;
  assert.ok(envoy);
  return envoy;
}

/** What is shown of the only envoy: its status now, that of its last run, its policy and its drift. */
function shown(server: SimulatedFleet): (string | undefined)[] {
  const { convergence, lastRun, policy, drift } = summary(server);
  return [convergence, lastRun?.convergence, policy, drift];
}

function heartbeat(envoy: SimulatedEnvoy, serial: number, changes = {}) {
  const root = Buffer.from(envoy.bundle?.root ?? "", "hex");
  return { heartbeat: { serial, finishedAtMs: 1, root, ...changes } };
}

async function report(
  envoy: SimulatedEnvoy,
  serial: number,
  change: {
    counts?: Partial<RunReport["counts"]>;
    root?: string;
    changeStreak?: number;
    body?: Partial<RunReport>;
  } = {},
): Promise<string> {
  const runId = crypto.randomUUID();
  const none = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0]));
  const body = {
    schema: 1,
    runId,
    serial,
    changeStreak: change.changeStreak ?? 1,
    policyVersion: "version-1",
    root: change.root ?? envoy.bundle?.root,
    startedAtMs: 1,
    durationMs: 2,
    trigger: "interval",
    dryRun: false,
    counts: { ...none, updated: 1, ...change.counts },
    resources: [{
      id: FILE.id,
      crate: "motd",
      outcome: "updated",
      cause: "corrective",
      durationMs: 1,
    }],
    truncated: false,
    ...change.body,
  };
  await envoy.report(runId, Buffer.from(JSON.stringify(body)));
  return runId;
}

Deno.test("an envoy reads converged only while it answers and has applied what is live", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  assert.deepEqual(shown(server), ["NoData", undefined, "pending", "None"]);
  await envoy.checkIn(heartbeat(envoy, 1));
  assert.deepEqual(shown(server), ["Converged", "Converged", "live", "None"]);
  server.resolver.policyVersion = "version-2";
  server.resolver.resources = [FILE];
  assert.deepEqual(shown(server).slice(0, 3), ["NoData", "Converged", "pending"], "published");
  await envoy.checkIn(heartbeat(envoy, 1));
  // The bundle is held now, and what ran last is still the old one.
  const old = Buffer.alloc(32, 1);
  await envoy.checkIn(heartbeat(envoy, 1, { root: old }));
  assert.deepEqual(shown(server).slice(0, 3), ["NoData", "Converged", "pending"], "held");
  await report(envoy, 2);
  assert.deepEqual(shown(server), ["Converged", "Converged", "live", "Changed"]);
  server.clock.offsetMs += 150_001;
  assert.deepEqual(shown(server).slice(0, 3), ["NoData", "Converged", "live"], "away");
  server.resolver.problem = "undefined variable";
  server.resolver.policyVersion = "version-3";
  await envoy.checkIn(heartbeat(envoy, 3));
  assert.deepEqual(shown(server).slice(0, 3), ["NoData", "Converged", "unresolved"]);
});

Deno.test("reports of runs without a server, late and twice, do not undo what a heartbeat told", async () => {
  await using first = await SimulatedFleet.start();
  using envoy = await first.envoy("web-1");
  await envoy.settle();
  await envoy.checkIn(heartbeat(envoy, 9, { changed: 1, changeStreak: 3 }));
  assert.deepEqual(shown(first), ["Converged", "Converged", "live", "Diverged"]);
  for (const serial of [7, 8, 7]) await report(envoy, serial, { counts: { failed: 1 } });
  await report(envoy, 9, { changeStreak: 3 });
  assert.deepEqual(shown(first), ["Converged", "Converged", "live", "Diverged"]);
  assert.equal((await first.store.runs.list({ limit: 10 })).runs.length, 4);
  await using second = await first.restart();
  assert.deepEqual(shown(second), ["Converged", "Converged", "live", "Diverged"]);
  using again = await second.envoy("web-1", { identity: envoy.identity });
  Object.assign(again, { cloneToken: envoy.cloneToken, bundle: envoy.bundle });
  await report(again, 8, { counts: { failed: 1 } });
  assert.equal(shown(second)[1], "Converged");
  await report(again, 10, { counts: { failed: 1 }, changeStreak: 4 });
  assert.deepEqual(shown(second)[1], "Failed");
});

Deno.test("a check-in that changes nothing touches no store, and a run that changed nothing no row", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  await envoy.checkIn(heartbeat(envoy, 1));
  await report(envoy, 2, { counts: { updated: 0 }, changeStreak: 0 });
  assert.deepEqual((await server.store.runs.list({ limit: 10 })).runs, []);
  for (const repository of Object.values(server.store)) {
    for (const name of Object.keys(Object(repository))) {
      Object.assign(repository, { [name]: () => assert.fail(`the store was asked: ${name}`) });
    }
  }
  assert.equal((await envoy.checkIn(heartbeat(envoy, 3))).noChange, true);
  assert.equal(summary(server).lastRun?.serial, 3);
  // What is still to be written at the stop is no part of this test.
  Object.assign(server.store.envoys, { saveObservations: () => Promise.resolve() });
  Object.assign(server.store.bundles, { saveAll: () => Promise.resolve() });
  Object.assign(server.store.minutes, { add: () => Promise.resolve() });
});

Deno.test("a pause is known with its end, and gone with the check-in that does not tell of it", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  await envoy.checkIn({ pausedReason: "disk swap", pausedUntilMs: 7 });
  assert.deepEqual([summary(server).pausedReason, summary(server).pausedUntilMs], ["disk swap", 7]);
  await envoy.checkIn();
  assert.deepEqual([summary(server).pausedReason, summary(server).pausedUntilMs], [null, null]);
});

Deno.test("the graph of a run can be drawn from what its envoy was sent, also after a restart", async () => {
  await using first = await SimulatedFleet.start();
  first.resolver.resources = [FILE];
  using envoy = await first.envoy("web-1");
  await envoy.settle();
  const runId = await report(envoy, 1);
  const lost = await report(envoy, 2, { root: "cd".repeat(32) });
  await using second = await first.restart();
  const { bundles, index } = second.fleet;
  const routes = runRoutes({ runs: second.store.runs, bundles, index });
  const graph = async (id: string) =>
    await routes.runGraph({
      params: { id },
      query: {},
      body: undefined,
      principal: LOCAL_ROOT,
      request: new Request("https://server/"),
      address: "192.0.2.1",
      answerHeaders: new Headers(),
    });
  const { resources } = await graph(runId);
  assert.deepEqual(
    resources.map(({ id, outcome, cause }) => [id, outcome, cause]),
    [[FILE.id, "updated", "corrective"]],
  );
  await assert.rejects(graph(lost), /is not kept/);
});

Deno.test("a run that tells of numbers which no machine has is refused, and every view stays whole", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  const absurd = Number.MAX_SAFE_INTEGER;
  const refused = /report: /;
  await assert.rejects(report(envoy, 5, { counts: { updated: absurd } }), refused);
  await assert.rejects(report(envoy, 5, { changeStreak: absurd }), refused);
  for (const change of [{ durationMs: 1e308 }, { startedAtMs: absurd }]) {
    await assert.rejects(report(envoy, 5, { body: change }), refused);
  }
  const late = { finishedAtMs: absurd };
  await assert.rejects(envoy.checkIn(heartbeat(envoy, 5, late)), /finished_at_ms/);
  await assert.rejects(envoy.checkIn({ pausedUntilMs: absurd }), /paused_until_ms/);
  const state = server.fleet.index.find("web-1");
  assert.ok(state);
  assert.equal(envoyDetailSchema.parse(server.fleet.index.detail(state)).lastRun, null);
});

Deno.test("an envoy that reports without end fills no disk: past its room reports are refused for good", async () => {
  let nowMs = Date.now();
  await using server = await SimulatedFleet.start({ now: () => nowMs });
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  const state = server.fleet.index.find("web-1");
  assert.ok(state);
  assert.ok(state.reportBytes.hasLeft(nowMs) && state.reportRuns.hasLeft(nowMs));
  state.reportBytes.spend(64 * 1024 * 1024 - 1);
  await report(envoy, 1);
  await assert.rejects(
    report(envoy, 2),
    (error: ServiceError) =>
      error.code === status.INVALID_ARGUMENT && /there is room/.test(error.message),
  );
  nowMs += 60_000;
  await report(envoy, 3);
  assert.equal((await server.store.runs.list({ limit: 10 })).runs.length, 2);
  state.reportRuns.spend(2 * 1_440);
  await assert.rejects(report(envoy, 4), /there is room/);
  // A run that changed nothing takes none.
  await report(envoy, 5, { counts: { updated: 0 } });
});
