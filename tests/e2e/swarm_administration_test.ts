import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { readSwarmState } from "../../agent/swarm/mirror.ts";
import { SwarmPaths } from "../../agent/swarm/swarm_paths.ts";
import { agentPaths } from "../../agent/store/agent_paths.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { envoyShow } from "../../shared/rest/envoys.ts";
import { filecastBroken, filecastDistribute, filecastPurge } from "../../shared/rest/swarm.ts";
import { swarmPeers, swarmStatus } from "../../shared/rest/swarm_substrate.ts";
import { programCommand } from "../support/run_program.ts";
import { eventually } from "../support/eventually.ts";
import { TestProcess } from "../support/process.ts";
import { type FleetHost, TestFleet } from "../support/test_fleet.ts";

const DEADLINE_MS = 120_000;
const MIB = 1024 * 1024;

const traits = z.object({
  swarm: z.object({
    blobs: z.array(z.string()),
    chunk_details: z.record(
      z.string(),
      z.array(z.object({ chunk: z.number(), source: z.string(), ms: z.number() })),
    ),
  }),
});

function pathsOf({ root }: FleetHost): SwarmPaths {
  return new SwarmPaths(agentPaths(rootPaths(root)).swarmFolder);
}

/** Writes other gates into `server.yaml` and has a new server read them. */
async function setGates(fleet: TestFleet, swarm: Record<string, unknown>): Promise<void> {
  const path = join(fleet.hub.root, "srv/vigo/server.yaml");
  const config = parse(await Deno.readTextFile(path));
  await fleet.stopServer();
  await Deno.writeTextFile(path, stringify({ ...config, swarm }));
  await fleet.startServer();
}

/** Whether anybody accepts a connection where a host's engine listens. */
function listens({ place }: FleetHost): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(place.port, place.hostname, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

Deno.test("the swarm of a fleet is looked at, tidied and gated", async (t) => {
  await TestFleet.run(["hub", "web-1"], async (fleet) => {
    await fleet.join();
    await fleet.swarmRuns();
    const web = fleet.host("web-1");
    const paths = pathsOf(web);
    const bytes = randomBytes(2 * MIB + 5);
    const file = join(fleet.hub.root, "app.bin");
    await Deno.writeFile(file, bytes);
    const { sha256 } = await fleet.ask(
      filecastDistribute,
      ..."swarm distribute --target web-1".split(" "),
      file,
    );

    await t.step("a filecast is watched line by line on a pipe, until all have it", async () => {
      const watched = await fleet.cli("swarm", "filecast", "status", sha256, "--watch");
      assert.match(watched, /^web-1 complete 3\/3$/m);
      assert.match(watched, /^Delivered 2\.1 MB: 100 % from the origin$/m);
      assert.deepEqual(await Deno.readFile(join(paths.files, "app.bin")), new Uint8Array(bytes));
    });

    await t.step("the totals and the peers say who holds what", async () => {
      const status = await eventually("the origin is known to seed it", async () => {
        const known = await fleet.ask(swarmStatus, "swarm", "status");
        return known.substrateActive === 2 && known;
      }, DEADLINE_MS);
      const { generatedAtMs: _, ...totals } = status;
      assert.deepEqual(totals, {
        envoysOnline: 2,
        envoysTotal: 2,
        substrateActive: 2,
        seedingEnvoys: 1,
        footprintBytes: bytes.length,
        manifestActive: 1,
        manifestRevoked: 0,
        payloads: { payload: 1 },
        allowlist: { implicit: "hub", patterns: ["ci-*"] },
      });
      const text = await fleet.cli("swarm", "status");
      assert.match(text, /^Envoys online {5}2 \/ 2$/m);
      assert.match(
        text,
        /^Seeding allowlist\n {2}hub {2}\(server\.hostname — implicit\)\n {2}ci-\*$/m,
      );
      const table = await fleet.cli("swarm", "peers");
      assert.match(table, /^Swarm peers — generated \S+ \S+ · sorted by footprint$/m);
      assert.match(table, /^web-1 +online +active +0 +1 +0 +2\.1 MB +\d{4}-\d\d-\d\d \d\d:\d\d$/m);
      assert.match(table, /^hub +online +active +1 +0 +0 +0 B /m);
      const { peers, total } = await fleet.ask(
        swarmPeers,
        ..."swarm peers --sort hostname --limit 1".split(" "),
      );
      assert.deepEqual([peers.map(({ hostname }) => hostname), total], [["hub"], 2]);
      const page = await fleet.tryCli(..."swarm peers --sort hostname --limit 1".split(" "));
      const [, cursor = ""] = /go on with --cursor '(.+)'$/m.exec(page.stderr) ?? [];
      const next = ["swarm", "peers", "--sort", "hostname", "--limit", "1", "--cursor", cursor];
      assert.match(await fleet.cli(...next), /^web-1 /m);
      const wrong = await fleet.tryCli("swarm", "status", "--watch");
      assert.deepEqual([wrong.code, wrong.stderr], [
        2,
        'error: --watch needs the SHA-256 of a filecast. See "vigocli swarm status --help"\n',
      ]);
    });

    await t.step("a seed that is refused is broken, and a purge keeps what is young", async () => {
      await Deno.writeTextFile(paths.seedFile("mine.bin"), "not allowed");
      await Deno.writeTextFile(
        paths.seedFile("mine.bin.swarm"),
        JSON.stringify({ target: "*", retention: "7d" }),
      );
      const { seeds } = await eventually("the server hears of it", async () => {
        const broken = await fleet.ask(filecastBroken, "swarm", "filecast", "broken");
        return broken.seedsTotal > 0 && broken;
      }, DEADLINE_MS);
      const reason = "refused: not in swarm.seeders";
      assert.deepEqual(seeds, [{ hostname: "web-1", label: "mine.bin", reason }]);
      await Deno.remove(paths.seedFile("mine.bin.swarm"));
      await Deno.remove(paths.seedFile("mine.bin"));
      const purged = await fleet.ask(filecastPurge, "swarm", "filecast", "purge");
      assert.deepEqual(purged, { forgotten: [], kept: 0 });
    });

    await t.step(
      "the daemon tidies its folder when its owner asks, and again to no effect",
      async () => {
        const elsewhere = "ef".repeat(32);
        await Deno.symlink(`../.blobs/${elsewhere}`, join(paths.files, "gone.bin"));
        for (const sha of [sha256, elsewhere]) {
          await Deno.mkdir(paths.partial(sha));
          await Deno.writeTextFile(join(paths.partial(sha), "data"), "left over");
        }
        const clean = async () => (await fleet.vigo(web, ["swarm", "_apply-cleanup"])).stdout;
        assert.equal(
          await clean(),
          "swarm cleanup: dangling_symlinks=1 stale_partials=1 errors=0\n",
        );
        assert.equal(
          await clean(),
          "swarm cleanup: dangling_symlinks=0 stale_partials=0 errors=0\n",
        );
        assert.deepEqual(await names(paths.files), ["app.bin"]);
        const blobs = await names(paths.blobs);
        assert.ok(blobs.includes(sha256) && !blobs.includes(`${sha256}.partial`), blobs.join());
        assert.ok(blobs.includes(`${elsewhere}.partial`), "whose blob is not there is left alone");
        assert.doesNotMatch((await fleet.vigo(web, ["swarm", "--help"])).stdout, /_apply-cleanup/);
      },
    );

    await t.step(
      "what everybody may read of the swarm is 0644, and the content is not",
      async () => {
        for (const path of [paths.state, paths.manifest, paths.peers]) {
          assert.equal(modeOf(await Deno.stat(path)), 0o644, path);
        }
        assert.equal(modeOf(await Deno.stat(paths.blobs)), 0o700);
        const { gates } = await shown(paths);
        assert.deepEqual(gates.subsystems, {
          payload: true,
          puddle: false,
          gitback: true,
          longdrawer: false,
          curator: false,
          poolq: false,
        });
      },
    );

    await t.step(
      "traits name the blobs and their slowest chunks, and can be asked for",
      async () => {
        const known = await eventually("the server has the traits", async () => {
          const { traits: all } = await fleet.ask(envoyShow, "envoys", "show", "web-1");
          const parsed = traits.safeParse(all);
          return parsed.data?.swarm.blobs.includes(sha256) && parsed.data.swarm;
        }, DEADLINE_MS);
        const details = known.chunk_details[sha256] ?? [];
        assert.deepEqual(details.map(({ chunk }) => chunk).sort(), [0, 1, 2]);
        assert.ok(details.every(({ source, ms }) => source === "hub" && ms >= 0));
        assert.match(await fleet.cli("query", "swarm.blob_count=1"), /^web-1 /m);
      },
    );

    await t.step("Ctrl-C ends a watch with 130 and the filecast goes on", async () => {
      await fleet.stopAgent(web);
      const second = join(fleet.hub.root, "late.bin");
      await Deno.writeTextFile(second, "for one who sleeps\n");
      const cast = await fleet.ask(
        filecastDistribute,
        ..."swarm filecast distribute --target web-1".split(" "),
        second,
      );
      await using watching = TestProcess.start(
        Deno.execPath(),
        programCommand(
          "vigocli",
          fleet.cliArguments("swarm", "status", cast.sha256.slice(0, 12), "--watch"),
        ),
      );
      await watching.waitForLine(/^web-1 pending 0\/1$/, DEADLINE_MS);
      watching.signal("SIGINT");
      assert.deepEqual(await watching.exited, { code: 130, signal: null });
      await fleet.startAgent(web);
      await fleet.cli("swarm", "filecast", "status", cast.sha256, "--watch");
      assert.ok((await names(paths.files)).includes("late.bin"));
    });

    await t.step(
      "a host that loses payload fetches nothing more, and keeps what it has",
      async () => {
        await setGates(fleet, {
          enabled: ["*"],
          payload: { enabled: ["-web-1", "*"] },
          gitback: { enabled: true },
        });
        await eventually("the host knows", async () => {
          const { gates } = await shown(paths);
          return gates.subsystems.payload === false;
        }, DEADLINE_MS);
        const status = await fleet.vigo(web, ["swarm", "status"]);
        assert.match(
          status.stdout,
          /^Gates: +payload off, puddle off, gitback on, longdrawer off, /m,
        );
        assert.match(status.stdout, /^Enabled: +yes$/m);
        assert.ok(await listens(web), "the listener belongs to the swarm, not to filecasts");
        const third = join(fleet.hub.root, "third.bin");
        await Deno.writeTextFile(third, "for nobody\n");
        const refused = await fleet.tryCli("swarm", "distribute", third, "--target", "web-1");
        assert.match(refused.stderr, /it hits no envoy that runs filecasts/);
        const cast = await fleet.cli("swarm", "distribute", third, "--target", "*", "--wait");
        assert.match(cast, /^Summary: 1 complete \(1 total\)$/m);
        assert.deepEqual(await names(paths.files), ["app.bin", "late.bin"]);
        assert.deepEqual(await Deno.readFile(join(paths.files, "app.bin")), new Uint8Array(bytes));
      },
    );

    await t.step("a host that loses the swarm closes its port, and keeps what it has", async () => {
      await setGates(fleet, { enabled: ["-web-1", "*"], payload: { enabled: ["*"] } });
      await eventually("nobody listens", async () => !await listens(web), DEADLINE_MS);
      assert.match(
        (await fleet.vigo(web, ["swarm", "status"])).stdout,
        /^Engine: +off: swarm\.enabled of the server does not admit this machine$/m,
      );
      assert.deepEqual(await Deno.readFile(join(paths.files, "app.bin")), new Uint8Array(bytes));
      const clean = await fleet.vigo(web, ["swarm", "_apply-cleanup"]);
      assert.equal(clean.stdout, "swarm cleanup: dangling_symlinks=0 stale_partials=0 errors=0\n");
      const table = await fleet.cli("swarm", "peers", "--sort", "hostname");
      assert.match(table, /^web-1 +online +idle /m);
    });

    await t.step("with its gates open again it goes on where it was", async () => {
      await setGates(fleet, { enabled: ["*"], payload: { enabled: ["*"] } });
      await eventually("it listens", () => listens(web), DEADLINE_MS);
      await eventually("it has what was cast meanwhile", async () => {
        return (await names(paths.files)).includes("third.bin");
      }, DEADLINE_MS);
    });
  }, {
    sections: {
      swarm: {
        enabled: ["*"],
        payload: { enabled: ["*"] },
        gitback: { enabled: true },
        seeders: ["ci-*"],
      },
    },
  });
});

async function shown({ root }: SwarmPaths) {
  const state = await readSwarmState(root);
  if (!state.ok) throw new Error(state.reason);
  return state.value;
}

function modeOf({ mode }: Deno.FileInfo): number {
  return (mode ?? 0) & 0o777;
}
