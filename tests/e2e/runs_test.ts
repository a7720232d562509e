import assert from "node:assert/strict";
import { join } from "node:path";
import { agentPaths } from "../../agent/store/agent_paths.ts";
import { loadIdentity } from "../../agent/store/identity.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { auditList } from "../../shared/rest/audit.ts";
import { dbIntegrity, dbPrune, dbStats, dbVacuum } from "../../shared/rest/database.ts";
import { envoyList, envoyQuery, envoyRename, envoyShow } from "../../shared/rest/envoys.ts";
import { fleetMinutes } from "../../shared/rest/fleet.ts";
import { runGraph, runList, runShow } from "../../shared/rest/runs.ts";
import { eventually } from "../support/eventually.ts";
import { type FleetHost, TestFleet } from "../support/test_fleet.ts";

const DEADLINE_MS = 180_000;

/** Stacks that give hosts named like `match` one file below their root. */
function stacks(host: FleetHost, content: string, match = "*"): Record<string, string> {
  return {
    "envoys.vgo": `envoys:\n  - match: "${match}"\n    configcrates: [base]\n`,
    "configcrates/base.vgo": `name: base\nresources:\n  - file: "${
      managed(host)
    }"\n    content: "${content}\\n"\n`,
  };
}

function managed(host: FleetHost): string {
  return join(host.root, "greeting");
}

async function fileHolds(path: string, content: string): Promise<void> {
  await eventually(
    `${path} holds ${JSON.stringify(content)}`,
    async () => await Deno.readTextFile(path) === content,
    DEADLINE_MS,
  );
}

Deno.test("what the policy changes, what drifts, and what is only past are told apart", async (t) => {
  await TestFleet.run(["hub", "web-1"], async (fleet) => {
    const web = fleet.host("web-1");
    await fleet.join(web);
    const show = () => fleet.ask(envoyShow, "envoys", "show", "web-1");
    const becomes = (what: string, fits: (shown: Awaited<ReturnType<typeof show>>) => boolean) =>
      eventually(`web-1 is ${what}`, async () => {
        const shown = await show();
        return fits(shown) && shown;
      }, DEADLINE_MS);

    await t.step("a change of the policy is intentional", async () => {
      await fleet.stage(stacks(web, "one"));
      await fleet.cli("config", "publish");
      await becomes(
        "converged",
        ({ convergence, drift }) => convergence === "Converged" && drift === "None",
      );
      const { runs } = await fleet.ask(runList, "runs", "list", "--target", "web-*");
      assert.deepEqual(runs.map((run) => [run.intentional, run.corrective]), [[1, 0]]);
    });

    await t.step("what drifts is put back, and is corrective", async () => {
      await Deno.writeTextFile(managed(web), "drift\n");
      await fileHolds(managed(web), "one\n");
      const corrective = await eventually("the drift is reported", async () => {
        const { runs } = await fleet.ask(runList, "runs", "list", "--status", "changed");
        return runs.find((run) => run.corrective === 1);
      }, DEADLINE_MS);
      const shown = await fleet.cli("runs", "show", corrective.runId);
      assert.match(shown, /^Cause: +0 intentional .*, 1 corrective/m);
      assert.match(shown, /^--- file:.*\[updated, corrective\]/m);
      assert.match(shown, /^-drift$/m);
      const { text } = await fleet.api(`/runs/${corrective.runId}/graph`);
      const graph = runGraph.answer.parse(JSON.parse(text));
      assert.deepEqual(
        graph.resources.map(({ type, outcome, cause }) => [type, outcome, cause]),
        [["file", "updated", "corrective"]],
      );
      assert.equal((await fleet.ask(runShow, "runs", "show", corrective.runId)).corrective, 1);
      const none = await fleet.ask(runList, "runs", "list", "--status", "failed", "--since", "1h");
      assert.deepEqual(none.runs, []);
    });

    await t.step(
      "an envoy that is away is not converged now, though its last run was",
      async () => {
        await fleet.stopAgent(web);
        const away = await becomes("offline", ({ presence }) => presence === "offline");
        assert.deepEqual([away.convergence, away.lastRun?.convergence], ["NoData", "Converged"]);
        assert.match(await fleet.cli("envoys"), /^web-1 +offline +NoData \(was Converged\)/m);
      },
    );

    await t.step("one without the live policy is pending until it has applied it", async () => {
      await fleet.startAgent(web);
      await becomes("converged", ({ convergence }) => convergence === "Converged");
      await fleet.stopAgent(web);
      await fleet.stage(stacks(web, "two"));
      await fleet.cli("config", "publish");
      const pending = await show();
      assert.deepEqual([pending.convergence, pending.policy], ["NoData", "pending"]);
      await fleet.startAgent(web);
      await becomes(
        "converged",
        ({ convergence, policy }) => convergence === "Converged" && policy === "live",
      );
      assert.equal(await Deno.readTextFile(managed(web)), "two\n");
    });

    await t.step("a pause is seen by the whole fleet", async () => {
      const { code, stderr } = await fleet.vigo(web, [
        "pause",
        "--for",
        "2h",
        "--reason",
        "disk swap",
      ]);
      assert.equal(code, 0, stderr);
      const paused = await becomes("paused", ({ pausedReason }) => pausedReason !== null);
      assert.match(paused.pausedReason ?? "", /disk swap$/);
      assert.ok((paused.pausedUntilMs ?? 0) > Date.now());
      assert.match(await fleet.cli("envoys", "show", "web-1"), /^Paused: .*disk swap \(until /m);
      assert.match(await fleet.cli("envoys"), /^web-1 +online, paused /m);
      await fleet.vigo(web, ["resume"]);
      await becomes("resumed", ({ pausedReason }) => pausedReason === null);
    });

    await t.step("tags find envoys, and a query that finds none says why", async () => {
      await fleet.cli("envoys", "tag", "web-1", "tier=gold", "viz.color=green");
      const tagged = await fleet.ask(envoyList, "envoys", "list", "--target", "tag:tier=gold");
      assert.deepEqual(tagged.envoys.map(({ hostname }) => hostname), ["web-1"]);
      await fleet.cli("envoys", "untag", "web-1", "viz.color");
      assert.deepEqual((await show()).tags, { tier: "gold" });
      const unknown = await fleet.tryCli("envoys", "untag", "web-1", "teir");
      assert.deepEqual([unknown.code, unknown.stdout], [0, "web-1: tier=gold (as before)\n"]);
      assert.equal(unknown.stderr, 'web-1 had no tag "teir". Did you mean "tier"?\n');
      const found = await fleet.ask(envoyQuery, "query", "tag:tier=gold & os.family~*");
      assert.deepEqual([found.matched, found.envoys[0]?.values["tag:tier"]], [1, ["gold"]]);
      assert.equal(await fleet.cli("query", "tag:tier=lead", "--count"), "0\n");
      const missed = await fleet.tryCli("query", "os.distrio=debian");
      assert.equal(missed.code, 1);
      assert.match(missed.stderr, /no envoy has that\. Did you mean os\.distro\?/);
      const typo = await fleet.tryCli("envoys", "tag", "web-1", "gold");
      assert.equal(typo.code, 2);
    });

    await t.step(
      "the database tells its size, is sound, and can be pruned and vacuumed",
      async () => {
        const stats = await fleet.ask(dbStats, "db", "stats");
        assert.ok((stats.tables.find(({ name }) => name === "runs")?.rows ?? 0) >= 2);
        assert.equal((await fleet.ask(dbIntegrity, "db", "integrity")).sound, true);
        assert.equal((await fleet.ask(dbPrune, "db", "prune")).runs, 0);
        assert.ok((await fleet.ask(dbVacuum, "db", "vacuum")).sizeBytes > 0);
        for (const verb of ["stats", "integrity", "prune", "vacuum"]) await fleet.cli("db", verb);
        const { records } = await fleet.ask(auditList, "audit", "list");
        const actions = new Set(records.map(({ action }) => action));
        for (const action of ["db.prune", "db.vacuum", "envoy.tag"]) assert.ok(actions.has(action));
      },
    );

    await t.step("minutes outlive the server", async () => {
      await fleet.stopServer();
      await fleet.startServer();
      const { text } = await fleet.api("/fleet/minutes");
      const { minutes } = fleetMinutes.answer.parse(JSON.parse(text));
      assert.ok(minutes.some(({ checkIns, runs }) => checkIns > 0 && runs > 0));
    });
  });
});

Deno.test("a renamed envoy takes its new name over while it runs, with policy and certificate", async () => {
  await TestFleet.run(["hub", "web-1"], async (fleet) => {
    const web = fleet.host("web-1");
    await fleet.join(web);
    await fleet.swarmRuns(web);
    await fleet.stage(stacks(web, "for app", "app-*"));
    await fleet.cli("config", "publish");
    const folder = agentPaths(rootPaths(web.root)).configFolder;
    const before = await loadIdentity(folder);
    const renamed = await fleet.ask(envoyRename, "envoys", "rename", "web-1", "app-1");
    assert.deepEqual([renamed.previousHostname, renamed.hostname], ["web-1", "app-1"]);
    await fileHolds(managed(web), "for app\n");
    const settled = await eventually("its certificate has followed", async () => {
      const shown = await fleet.ask(envoyShow, "envoys", "show", "app-1");
      return shown.previousHostname === null && shown;
    }, DEADLINE_MS);
    assert.equal(settled.uuid, before.envoyUuid);
    const after = await loadIdentity(folder);
    assert.deepEqual([before.hostname, after.hostname], ["web-1", "app-1"]);
    assert.equal((await fleet.status(web)).hostname, "app-1");
    await eventually("its engine runs as what it is now", async () => {
      const { stdout } = await fleet.vigo(web, ["swarm", "status"]);
      return /^Envoy: +app-1 /m.test(stdout);
    }, DEADLINE_MS);
    assert.equal((await fleet.tryCli("envoys", "show", "web-1")).code, 1);
    const { records } = await fleet.ask(auditList, "audit", "list");
    const actions = records.map(({ action }) => action);
    for (const action of ["envoy.rename", "envoy.renew", "envoy.rename_settled"]) {
      assert.ok(actions.includes(action), action);
    }
    // The old certificate reads the fleet no more, the new one does.
    const read = async ({ tls }: typeof before) =>
      (await fleet.api("/envoys", { identity: tls })).status;
    assert.deepEqual([await read(before), await read(after)], [401, 200]);
    await fleet.stopAgent(web);
    await fleet.startAgent(web);
    assert.equal((await fleet.status(web)).hostname, "app-1");
    const now = await fleet.ask(envoyShow, "envoys", "show", "app-1");
    assert.equal(now.state, "active");
  });
});

Deno.test("what a cast moves is counted by where it came from", async () => {
  await TestFleet.run(["hub", "web-1"], async (fleet) => {
    await fleet.join();
    await fleet.swarmRuns();
    const file = join(fleet.hub.root, "app.bin");
    const sizeBytes = 3 * 1024 * 1024;
    await Deno.writeFile(file, new Uint8Array(sizeBytes).fill(7));
    await fleet.cli("swarm", "filecast", "distribute", file, "--target", "web-*", "--wait");
    await fleet.stopServer();
    await fleet.startServer();
    const { text } = await fleet.api("/fleet/minutes");
    const { minutes } = fleetMinutes.answer.parse(JSON.parse(text));
    const sum = (of: (minute: typeof minutes[number]) => number) =>
      minutes.reduce((total, minute) => total + of(minute), 0);
    assert.equal(sum(({ originBytes }) => originBytes), sizeBytes);
    assert.equal(sum(({ peerBytes, serverBytes }) => peerBytes + serverBytes), 0);
  });
});
