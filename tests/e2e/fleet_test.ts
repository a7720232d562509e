import assert from "node:assert/strict";
import { join } from "node:path";
import { agentPaths } from "../../agent/store/agent_paths.ts";
import { peersFileSchema, swarmStateSchema } from "../../agent/swarm/mirror.ts";
import { runReportSchema } from "../../shared/config/run_report.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import {
  configDiff,
  configHistory,
  configPublish,
  configRollback,
} from "../../shared/rest/config.ts";
import { envoyList, envoyPush, envoyShow } from "../../shared/rest/envoys.ts";
import { runList, runShow } from "../../shared/rest/runs.ts";
import { filecastShow } from "../../shared/rest/swarm.ts";
import { eventually } from "../support/eventually.ts";
import { type FleetHost, TestFleet } from "../support/test_fleet.ts";
import { UnprivilegedVigo } from "../support/unprivileged_vigo.ts";

const DEADLINE_MS = 180_000;
const isRoot = Deno.uid() === 0 && Deno.build.os === "linux";

/** Where the policy of these tests writes on a host. */
function managed(host: FleetHost, name = ""): string {
  return join(host.root, "managed", name);
}

/** Stacks that give every host two files, one of which comes from a template. */
function stacks(fleet: TestFleet, greeting: string): Record<string, string> {
  const folder = join(fleet.hub.root, "..", "{{ traits.agent_self.hostname }}", "managed");
  return {
    "common.vgo": `vars:\n  managed: "${folder}"\n`,
    "envoys.vgo":
      'envoys:\n  - match: "web-*"\n    configcrates: [base, web]\n  - match: "*"\n    configcrates: [base]\n',
    "configcrates/base.vgo": [
      "name: base",
      "resources:",
      '  - directory: "{{ vars.managed }}"',
      '  - file: "{{ vars.managed }}/greeting"',
      `    content: "${greeting}\\n"`,
    ].join("\n"),
    "configcrates/web.vgo": [
      "name: web",
      "vars: { port: 8080 }",
      "resources:",
      '  - file: "{{ vars.managed }}/site.conf"',
      "    source: templates/site.conf",
    ].join("\n"),
    "templates/site.conf": "listen {{ vars.port }} for {{ traits.agent_self.hostname }}\n",
  };
}

async function fileHolds(path: string, content: string): Promise<void> {
  await eventually(
    `${path} holds ${JSON.stringify(content)}`,
    async () => await Deno.readTextFile(path) === content,
    DEADLINE_MS,
  );
}

/** The newest reported run of a host that changed a resource whose diff matches. */
function reportedChange(fleet: TestFleet, hostname: string, diff: RegExp) {
  return eventually(`a change like ${diff} of ${hostname} is reported`, async () => {
    const { runs } = await fleet.ask(runList, "runs", "list", "--host", hostname);
    for (const { runId } of runs) {
      const run = await fleet.ask(runShow, "runs", "show", runId);
      const resource = run.report.resources.find((each) => each.diff?.match(diff));
      if (resource) return { run, resource };
    }
    return undefined;
  }, DEADLINE_MS);
}

Deno.test("a fleet from its first token to a rollback", async (t) => {
  await TestFleet.run(["hub", "web-1", "db-1"], async (fleet) => {
    const web = fleet.host("web-1");
    const db = fleet.host("db-1");
    // What follows needs what went before, so the first failure ends the story.
    const step = async (name: string, perform: () => Promise<void>) => {
      if (!await t.step(name, perform)) throw new Error(`the story ended at: ${name}`);
    };

    await step("machines enrol with a token each and are online", async () => {
      await fleet.join();
      const { envoys } = await eventually("all three are online", async () => {
        const answer = await fleet.ask(envoyList, "envoys", "list");
        return answer.envoys.every(({ presence }) => presence === "online") && answer;
      }, DEADLINE_MS);
      assert.deepEqual(envoys.map(({ hostname }) => hostname), ["db-1", "hub", "web-1"]);
      const shown = await fleet.ask(envoyShow, "envoys", "show", "web-1");
      assert.equal(shown.state, "active");
      assert.deepEqual(
        shown.traits["os"],
        (await fleet.ask(envoyShow, "envoys", "show", shown.uuid))
          .traits["os"],
      );
      assert.match(await fleet.cli("envoys", "show", "web-1"), /^Presence: +online$/m);
      assert.match(
        await fleet.cli("envoys"),
        /^HOSTNAME +PRESENCE +STATUS +DRIFT +POLICY +IP +VERSION +LAST SEEN\ndb-1 +online +NoData +None +none /,
      );
    });

    await step("a target spec picks envoys by name and by trait", async () => {
      const list = async (target: string) =>
        (await fleet.ask(envoyList, "envoys", "list", "--target", target)).envoys
          .map(({ hostname }) => hostname);
      assert.deepEqual(await list("web-*"), ["web-1"]);
      const { stdout } = await fleet.vigo(web, ["traits", "os.distro"]);
      const distro = stdout.split(" = ")[1]?.trim();
      assert.deepEqual(await list(`hub,d*&os.distro=${distro}`), ["db-1", "hub"]);
      assert.deepEqual(await list("*&os.distro=none"), []);
    });

    await step("a publish reaches every host with its own share", async () => {
      await fleet.stage(stacks(fleet, "first"));
      assert.match(
        await fleet.cli("config", "validate"),
        /^Valid: \d+ files, entries for 3 known hosts/,
      );
      const answer = await fleet.ask(configPublish, "config", "publish", "-m", "first version");
      assert.equal(answer.published, true);
      assert.deepEqual(answer.changes.flatMap(({ hosts }) => hosts).sort(), [
        "db-1",
        "hub",
        "web-1",
      ]);
      for (const host of fleet.hosts) await fileHolds(managed(host, "greeting"), "first\n");
      await fileHolds(managed(web, "site.conf"), "listen 8080 for web-1\n");
      await assert.rejects(Deno.stat(managed(db, "site.conf")), Deno.errors.NotFound);
      assert.equal(((await Deno.stat(managed(web, "site.conf"))).mode ?? 0) & 0o777, 0o644);
    });

    await step("each run is listed and shown with its diffs", async () => {
      const { run, resource } = await reportedChange(fleet, "web-1", /^\+listen 8080 for web-1$/m);
      assert.deepEqual([run.outcome, run.changed, run.failed], ["changed", 3, 0]);
      assert.deepEqual([resource.outcome, resource.crate], ["created", "web"]);
      const table = await fleet.cli("runs", "list", "--host", "web-1");
      assert.ok(table.split("\n")[1]?.startsWith(run.runId), table);
      const shown = await fleet.cli("runs", "show", run.runId);
      assert.match(shown, /^Changed: {2}3 of 3, 0 failed, 0 blocked, 0 unknown, 0 skipped$/m);
      assert.match(shown, /^\+listen 8080 for web-1$/m);
      assert.equal((await fleet.tryCli("runs", "list", "--failed")).stdout, "");
      await eventually("the fleet is converged", async () => {
        const { envoys } = await fleet.ask(envoyList, "envoys", "list");
        return envoys.every(({ convergence }) => convergence === "Converged");
      }, DEADLINE_MS);
    });

    await step("vigo status tells the same as the server", async () => {
      await eventually("both name one policy", async () => {
        const { uuid, policyVersion } = await fleet.ask(envoyShow, "envoys", "show", "web-1");
        const status = await fleet.status(web);
        assert.deepEqual([status.hostname, status.envoyUuid], ["web-1", uuid]);
        return status.policyVersion !== null && status.policyVersion === policyVersion &&
          status.streamOpen;
      }, DEADLINE_MS);
      const { code, stdout } = await fleet.vigo(web, ["status"]);
      assert.equal(code, 0);
      assert.match(stdout, /^Envoy: +web-1 \(/);
      assert.match(stdout, /^Policy: +[0-9a-f]{12} \(serial \d+, 3 resources\)$/m);
    });

    await step("vigo traits shows all, one, or says what there is", async () => {
      const all = await fleet.vigo(web, ["traits", "--json"]);
      assert.equal(all.code, 0, all.stderr);
      assert.deepEqual(
        ["os", "hardware", "network", "users", "packages", "memory"].filter((name) =>
          !(name in JSON.parse(all.stdout))
        ),
        [],
      );
      const one = await fleet.vigo(web, ["traits", "os.distro"]);
      assert.match(one.stdout, /^os\.distro = \S+\n$/);
      const none = await fleet.vigo(web, ["traits", "os.colour"]);
      assert.equal(none.code, 1);
      assert.match(
        none.stderr,
        /^error: Cannot find trait "os\.colour": there is no "colour".*\n$/,
      );
    });

    await step(
      "a hand-made change is foretold by a dry run, healed by a run, and reported",
      async () => {
        // The daemon would heal it by itself; without it, what each verb does is plain to see.
        await fleet.stopAgent(web);
        await Deno.writeTextFile(managed(web, "greeting"), "by hand\n");
        const dry = await fleet.vigo(web, ["run", "--once", "--dry-run", "--json"]);
        assert.equal(dry.code, 0, dry.stderr);
        const foretold = runReportSchema.parse(JSON.parse(dry.stdout).report);
        assert.deepEqual(
          [foretold.dryRun, foretold.counts.would_change, foretold.resources[0]?.outcome],
          [true, 1, "would_change"],
        );
        assert.equal(await Deno.readTextFile(managed(web, "greeting")), "by hand\n");
        const wet = await fleet.vigo(web, ["run", "--once", "--json"]);
        const done = runReportSchema.parse(JSON.parse(wet.stdout).report);
        assert.deepEqual(done.resources[0]?.diff, foretold.resources[0]?.diff);
        assert.equal(await Deno.readTextFile(managed(web, "greeting")), "first\n");
        const { run } = await reportedChange(fleet, "web-1", /^-by hand$/m);
        assert.deepEqual([run.runId, run.trigger], [done.runId, "manual"]);
        await fleet.startAgent(web);
      },
    );

    await step("a running daemon heals drift by itself", async () => {
      await Deno.writeTextFile(managed(db, "greeting"), "somebody was here\n");
      await fileHolds(managed(db, "greeting"), "first\n");
      const { run } = await reportedChange(fleet, "db-1", /^-somebody was here$/m);
      assert.equal(run.trigger, "interval");
    });

    await step("vigo run asks the daemon, with and without --dry-run", async () => {
      const idle = await fleet.vigo(web, ["run"]);
      assert.equal(idle.code, 0, idle.stderr);
      const dry = await fleet.vigo(web, ["run", "--dry-run", "--json"]);
      assert.equal(runReportSchema.parse(JSON.parse(dry.stdout).report).dryRun, true);
    });

    await step("a second daemon on one root is refused, and the first goes on", async () => {
      const second = await fleet.vigo(web, ["daemon"]);
      assert.equal(second.code, 3);
      assert.match(second.stderr, /^error: Cannot start: .*\n$/);
      assert.equal((await fleet.status(web)).pid, fleet.agent("web-1").pid);
    });

    await step(
      "a diff foretells a publish; a rollback brings the old content under a higher serial",
      async () => {
        await fleet.stage(stacks(fleet, "second"));
        const { from, to, changes, unchangedHosts } = await fleet.ask(configDiff, "config", "diff");
        assert.notEqual(from, to);
        assert.equal(unchangedHosts, 0);
        assert.match(changes[0]?.changes[0]?.diff ?? "", /^- +first\n\+ +second$/m);
        assert.deepEqual(
          (await fleet.ask(configDiff, "config", "diff", "db-1")).changes.flatMap(({ hosts }) =>
            hosts
          ),
          ["db-1"],
        );
        const first = await fleet.status(web);
        await fleet.cli("config", "publish", "-m", "second version");
        for (const host of fleet.hosts) await fileHolds(managed(host, "greeting"), "second\n");
        const second = await fleet.status(web);
        assert.equal(second.policyVersion, to);
        const back = await fleet.ask(configRollback, "config", "rollback");
        assert.equal(back.version, from);
        for (const host of fleet.hosts) await fileHolds(managed(host, "greeting"), "first\n");
        const third = await fleet.status(web);
        assert.equal(third.policyVersion, from);
        const serials = [first, second, third].map(({ bundleSerial }) => bundleSerial ?? 0);
        assert.deepEqual(serials, [...new Set(serials)].sort((a, b) => a - b));
        const { versions } = await fleet.ask(configHistory, "config", "history");
        assert.deepEqual(versions.map(({ live, message }) => live || message), [
          true,
          "second version",
          "first version",
        ]);
      },
    );

    await step(
      "a resource that fails is shown as failed everywhere, and the others are applied",
      async () => {
        await fleet.stage({
          ...stacks(fleet, "third"),
          "configcrates/web.vgo":
            'name: web\nresources:\n  - exec: "false"\n    command: "false"\n',
        });
        await fleet.cli("config", "publish", "-m", "third version");
        await fileHolds(managed(web, "greeting"), "third\n");
        await eventually("web-1 is shown as failed", async () => {
          const { envoys } = await fleet.ask(envoyList, "envoys", "list");
          return envoys.map(({ convergence }) => convergence).join() ===
            "Converged,Converged,Failed";
        }, DEADLINE_MS);
        const { runs } = await fleet.ask(runList, "runs", "list", "--failed");
        assert.deepEqual([...new Set(runs.map(({ hostname }) => hostname))], ["web-1"]);
        const run = await fleet.vigo(web, ["run"]);
        assert.equal(run.code, 1);
        await fleet.cli("config", "rollback");
        await fileHolds(managed(web, "greeting"), "first\n");
      },
    );

    await step(
      "without a server agents keep converging, and their reports arrive in order later",
      async () => {
        await fleet.stopServer();
        const drifts = ["one", "two"];
        for (const drift of drifts) {
          await Deno.writeTextFile(managed(web, "greeting"), `offline ${drift}\n`);
          await fileHolds(managed(web, "greeting"), "first\n");
          await eventually(
            `the report on ${drift} waits`,
            async () => (await fleet.status(web)).queuedReports > drifts.indexOf(drift),
            DEADLINE_MS,
          );
        }
        assert.equal((await fleet.vigo(web, ["run"])).code, 0, "the cached policy is applied");
        await fleet.startServer();
        await reportedChange(fleet, "web-1", /^-offline two$/m);
        const { runs } = await fleet.ask(runList, "runs", "list", "--host", "web-1");
        const shown = await Promise.all(
          runs.slice(0, drifts.length).map(({ runId }) =>
            fleet.ask(runShow, "runs", "show", runId)
          ),
        );
        assert.deepEqual(
          shown.map(({ trigger, report }) => [
            trigger,
            report.resources[0]?.diff?.match(/offline (\w+)/)?.[1],
          ]),
          drifts.toReversed().map((drift) => ["offline", drift]),
        );
        await eventually(
          "nothing waits any more",
          async () => (await fleet.status(web)).queuedReports === 0,
          DEADLINE_MS,
        );
      },
    );

    await step("without a daemon, vigo says what to do and how this machine is", async () => {
      await fleet.stopAgent(db);
      const run = await fleet.vigo(db, ["run"]);
      assert.equal(run.code, 4);
      assert.match(
        run.stderr,
        /^error: Cannot ask the daemon .*: nobody answers\. Start it, or use --once\n$/,
      );
      const status = await fleet.vigo(db, ["status"]);
      assert.equal(status.code, 4);
      assert.match(
        status.stderr,
        /^error: Cannot ask the daemon .* This machine is enrolled as db-1 \(.*\n$/,
      );
      assert.equal((await fleet.vigo(db, ["run", "--once"])).code, 0);
      await fleet.startAgent(db);
    });
  });
});

Deno.test("a push makes envoys apply a publish at once, however long their interval is", async () => {
  await TestFleet.run(["hub", "web-1"], async (fleet) => {
    const web = fleet.host("web-1");
    await fleet.join(web);
    await eventually(
      "its stream is open",
      async () => (await fleet.status(web)).streamOpen,
      DEADLINE_MS,
    );
    await fleet.stage(stacks(fleet, "pushed"));
    await fleet.cli("config", "publish");
    const answer = await fleet.ask(envoyPush, "envoys", "push", "--target", "*");
    assert.deepEqual([answer.pushed, answer.offline], [["web-1"], []]);
    await fileHolds(managed(web, "greeting"), "pushed\n");
    const again = await fleet.cli("envoys", "push", "--target", "*");
    assert.match(again, /^web-1 +Converged$/m, "also of a run that changes nothing");
    const { run } = await reportedChange(fleet, "web-1", /^\+pushed$/m);
    assert.equal(run.trigger, "push");
    await fleet.stopAgent(web);
    const later = await fleet.tryCli("envoys", "push", "--target", "web-1");
    assert.equal(later.code, 0);
    assert.match(later.stderr, /^Not connected, will catch up at their next check-in: web-1$/m);
  }, { checkInSeconds: 3600 });
});

Deno.test("a file is cast to the fleet, seen by anybody on its envoys, and revoked", async (t) => {
  await TestFleet.run(["hub", "web-1", "web-2"], async (fleet) => {
    await fleet.join();
    await fleet.swarmRuns();
    const web = fleet.host("web-1");
    const file = join(fleet.hub.root, "app-v2.bin");
    const bytes = new Uint8Array(3 * 1024 * 1024 + 17);
    for (let at = 0; at < bytes.length; at += 65_536) {
      crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65_536, bytes.length)));
    }
    await Deno.writeFile(file, bytes);
    const copy = ({ root }: FleetHost) =>
      join(agentPaths(rootPaths(root)).swarmFolder, "files/app-v2.bin");

    const waited = await fleet.cli(
      "swarm",
      "filecast",
      "distribute",
      file,
      "--target",
      "web-*",
      "--wait",
    );
    assert.match(waited, /^Seeded app-v2\.bin \(3\.1 MB\) for 2 envoys as [0-9a-f]{64}$/m);
    assert.match(waited, /^Summary: 3 complete \(3 total\)$|^Summary: 2 complete \(2 total\)$/m);
    const [, sha = ""] = waited.match(/ as ([0-9a-f]{64})$/m) ?? [];
    for (const hostname of ["web-1", "web-2"]) {
      assert.deepEqual(await Deno.readFile(copy(fleet.host(hostname))), bytes, hostname);
    }
    const { filecast, hosts } = await fleet.ask(
      filecastShow,
      "swarm",
      "filecast",
      "status",
      sha.slice(0, 12),
    );
    assert.deepEqual([filecast.state, filecast.origin], ["active", "hub"]);
    assert.deepEqual(
      hosts.filter(({ origin }) => !origin).map(({ hostname, status }) => [hostname, status]),
      [["web-1", "complete"], ["web-2", "complete"]],
    );

    await t.step("the verbs of vigo swarm show it", async () => {
      const state = await fleet.vigo(web, ["swarm", "status", "--json"]);
      const { gates, blobs } = swarmStateSchema.parse(JSON.parse(state.stdout));
      assert.equal(gates.enabled, true);
      assert.deepEqual(blobs.map(({ label, status }) => [label, status]), [
        ["app-v2.bin", "complete"],
      ]);
      const list = await fleet.vigo(web, ["swarm", "seeds", "list"]);
      assert.match(list.stdout, /^app-v2\.bin +[0-9a-f]{12} +3\.1 MB +complete +4\/4 +hub /m);
      const show = await fleet.vigo(web, ["swarm", "seeds", "show", sha.slice(0, 8)]);
      assert.match(show.stdout, /^Chunks: +4\/4$/m);
      const peers = await fleet.vigo(web, ["swarm", "peers", "list", "--json"]);
      const names = peersFileSchema.shape.peers.parse(JSON.parse(peers.stdout))
        .map(({ hostname }) => hostname);
      assert.ok(names.includes("hub"), names.join());
      const none = await fleet.vigo(web, ["swarm", "seeds", "show", "nothing"]);
      assert.equal(none.code, 1);
      assert.match(none.stderr, /^error: Cannot find blob "nothing" on this machine: .*\n$/);
    });

    await t.step({
      name: "an unprivileged user sees the same, and may change nothing",
      ignore: !isRoot,
      fn: async () => {
        await Deno.chmod(join(fleet.hub.root, ".."), 0o755);
        await using nobody = await UnprivilegedVigo.create();
        for (
          const [args, pattern] of [
            [["swarm", "status"], /^Enabled: +yes$/m],
            [["swarm", "seeds", "list"], /^app-v2\.bin /m],
            [["swarm", "seeds", "show", "app-v2.bin"], /^Status: +complete$/m],
            [["swarm", "peers", "list"], /^hub +\S+:1531 /m],
            [["status"], /^Envoy: +web-1 \(/m],
          ] as const
        ) {
          const { code, stdout, stderr } = await nobody.run(web.root, args);
          assert.equal(code, 0, `vigo ${args.join(" ")}: ${stderr}`);
          assert.match(stdout, pattern);
        }
        const run = await nobody.run(web.root, ["run"]);
        assert.equal(run.code, 5);
        assert.match(run.stderr, /^error: Cannot ask the daemon .*only its owner may use it.*\n$/);
      },
    });

    await t.step("a revoked file leaves its receivers", async () => {
      assert.match(
        await fleet.cli("swarm", "filecast", "revoke", sha),
        /^Revoked app-v2\.bin \([0-9a-f]{64}\)$/m,
      );
      for (const hostname of ["web-1", "web-2"]) {
        await eventually(`${hostname} has removed it`, async () => {
          const found = await Deno.stat(copy(fleet.host(hostname))).catch(() => undefined);
          return found === undefined;
        }, DEADLINE_MS);
      }
      const answer = await fleet.ask(filecastShow, "swarm", "filecast", "status", sha);
      assert.equal(answer.filecast.state, "revoked");
    });

    await t.step(
      "the same file cast again, wider and after a revocation, arrives before the wait ends",
      async () => {
        const cast = (target: string) =>
          fleet.cli("swarm", "filecast", "distribute", file, "--target", target, "--wait");
        const web2 = fleet.host("web-2");
        assert.match(await cast("web-1"), / for 1 envoy /);
        assert.deepEqual(await Deno.readFile(copy(web)), bytes);
        assert.equal(await Deno.stat(copy(web2)).catch(() => undefined), undefined);
        assert.match(await cast("*"), /^Summary: 3 complete \(3 total\)$/m);
        assert.deepEqual(await Deno.readFile(copy(web2)), bytes);
        const { filecast } = await fleet.ask(filecastShow, "swarm", "filecast", "status", sha);
        assert.equal(filecast.target, "*");
      },
    );

    await t.step("a cast to nobody and a target that is no target are refused", async () => {
      const wrong = await fleet.tryCli(
        "swarm",
        "filecast",
        "distribute",
        file,
        "--target",
        "web-*,",
      );
      assert.deepEqual([wrong.code, wrong.stderr.trim().split("\n").length], [2, 1], wrong.stderr);
      const nobody = ["--target", "hardware.product=No Such Machine"];
      const missed = await fleet.tryCli("swarm", "filecast", "distribute", file, ...nobody);
      assert.equal(missed.code, 1);
      assert.match(missed.stderr, /^error: Cannot cast to .* it hits no envoy .*\n$/);
      const unknown = await fleet.tryCli("swarm", "filecast", "status", "0123456789abcdef");
      assert.equal(unknown.code, 1);
    });
  });
});
