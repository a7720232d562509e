import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { filecastDistribute, filecastShow } from "../../shared/rest/swarm.ts";
import { eventually } from "../support/eventually.ts";
import { type FleetMachine, NamespacedFleet } from "../support/namespaced_fleet.ts";
import { canUseNamespaces } from "../support/network_namespaces.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";

const CAST_BYTES = 3 * 1024 * 1024 + 17;
const DEADLINE_MS = 240_000;
/** Nothing that is said to or from port 1531 over TCP reaches or leaves the machine; announcements do. */
const BLOCK = `table inet blocked {
  chain out { type filter hook output priority 0; oifname != "lo" jump swarm; }
  chain in { type filter hook input priority 0; iifname != "lo" jump swarm; }
  chain swarm { tcp dport 1531 drop; tcp sport 1531 drop; }
}`;

async function setFallback(fleet: NamespacedFleet, isAllowed: boolean): Promise<void> {
  const path = join(fleet.hub.root, "srv/vigo/server.yaml");
  const config = parse(await Deno.readTextFile(path));
  config.swarm.server_fallback = isAllowed;
  await Deno.writeTextFile(path, stringify(config));
}

async function block({ host }: FleetMachine): Promise<void> {
  const { code, stderr } = await host.run("sh", ["-c", `nft -f - <<'E'\n${BLOCK}\nE`]);
  assert.equal(code, 0, stderr);
}

Deno.test({
  name:
    "an envoy that reaches no peer gets a file from the server, unless that is forbidden, and says so",
  ignore: !canUseNamespaces(),
  fn: () =>
    NamespacedFleet.run(["web-1"], async (fleet) => {
      const web = fleet.machine("web-1");
      for (const machine of fleet.machines) await fleet.enrol(machine);
      await block(web);
      for (const machine of fleet.machines) await fleet.startAgent(machine);
      await using folder = await TemporaryRoot.create();
      const file = folder.join("release.bin");
      const bytes = randomBytes(CAST_BYTES);
      await Deno.writeFile(file, bytes);
      const printed = await fleet.cli(
        ..."swarm filecast distribute --target web-1 --json".split(" "),
        file,
      );
      const { sha256 } = filecastDistribute.answer.parse(JSON.parse(printed));
      const row = async () => {
        const shown = await fleet.cli("swarm", "filecast", "status", sha256, "--json");
        const { hosts } = filecastShow.answer.parse(JSON.parse(shown));
        return hosts.find(({ hostname }) => hostname === "web-1");
      };

      const stuck = await eventually("web-1 says why nothing comes", async () => {
        const known = await row();
        return known?.skipReason === "" ? undefined : known;
      }, DEADLINE_MS);
      assert.equal(stuck.skipReason, "no available peers; swarm.server_fallback is off");
      assert.deepEqual([stuck.status, stuck.chunksHave], ["pending", 0]);

      await fleet.stopServer();
      await setFallback(fleet, true);
      await fleet.startServer();
      const done = await eventually("web-1 has it from the server", async () => {
        const known = await row();
        return known?.status === "complete" && known;
      }, DEADLINE_MS);
      assert.deepEqual([done.sources, done.skipReason], [{ server: 4 }, ""]);
      const copy = await Deno.readFile(join(web.swarmFolder, "files/release.bin"));
      assert.equal(sha256Hex(copy), sha256Hex(bytes));
      const table = await fleet.cli("swarm", "status", sha256);
      assert.match(table, /^web-1 +complete +4\/4 +server: 4$/m);
    }, { swarm: { enabled: ["*"], payload: { enabled: ["*"] }, server_fallback: false } }),
});
