import assert from "node:assert/strict";
import { join } from "node:path";
import { agentPaths } from "../../agent/store/agent_paths.ts";
import { readManifest, swarmStateSchema } from "../../agent/swarm/mirror.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { eventually } from "../support/eventually.ts";
import { TestFleet } from "../support/test_fleet.ts";

const DAY_MS = 86_400_000;
const DEADLINE_MS = 180_000;

Deno.test("an agent that was off for nine days says that it keeps quiet, until the server is there", async () => {
  await TestFleet.run(["hub", "web-1"], async (fleet) => {
    await fleet.join();
    await fleet.swarmRuns();
    const web = fleet.host("web-1");
    const file = join(fleet.hub.root, "app.bin");
    await Deno.writeTextFile(file, "content");
    await fleet.cli("swarm", "filecast", "distribute", file, "--target", "web-*", "--wait");
    await fleet.stopAgent(web);
    await fleet.stopServer();
    const { swarmFolder } = agentPaths(rootPaths(web.root));
    const manifest = await readManifest(swarmFolder);
    assert.ok(manifest.ok);
    assert.ok(manifest.value.serverMs, "check-ins were noted in the manifest file");
    const longAgo = Date.now() - 9 * DAY_MS;
    await Deno.writeTextFile(
      join(swarmFolder, "manifest.json"),
      JSON.stringify({ ...manifest.value, syncedMs: longAgo, serverMs: longAgo }),
    );

    await fleet.startAgent(web);
    const status = () => fleet.vigo(web, ["swarm", "status"]);
    const quiet = await eventually("the status says that it is quiet", async () => {
      const { stdout } = await status();
      return /^Quiet:/m.test(stdout) && /^Listening: +[\d.]+:/m.test(stdout) && stdout;
    }, DEADLINE_MS);
    assert.match(quiet, /^Quiet: +away for 9 days, longer than revocations are remembered; waits/m);
    assert.match(quiet, /^Engine: +running at /m);
    assert.match(quiet, /^Last check-in: +(?!never)/m);

    await fleet.startServer();
    await eventually("the agent has rebased", async () => {
      return !/^Quiet:/m.test((await status()).stdout);
    }, DEADLINE_MS);
    const { stdout } = await fleet.vigo(web, ["swarm", "status", "--json"]);
    const { blobs } = swarmStateSchema.parse(JSON.parse(stdout));
    assert.deepEqual(blobs.map(({ label, status }) => [label, status]), [["app.bin", "complete"]]);
  });
});
