import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { filecastShow } from "../../shared/rest/swarm.ts";
import { NamespacedFleet } from "../support/namespaced_fleet.ts";
import { canUseNamespaces } from "../support/network_namespaces.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";

const CAST_BYTES = 16 * 1024 * 1024;
const ORIGIN_MBIT_PER_SECOND = 60;

Deno.test({
  name: "hosts with networks of their own share a file, and help each other",
  ignore: !canUseNamespaces(),
  fn: () =>
    NamespacedFleet.run(["web-1", "web-2", "db-1"], async (fleet) => {
      for (const machine of fleet.machines) {
        await fleet.enrol(machine);
        await fleet.startAgent(machine);
      }

      // An origin that is slower than its neighbours: only by helping each other are they done soon.
      await fleet.hub.host.limitBandwidth(ORIGIN_MBIT_PER_SECOND);
      await using folder = await TemporaryRoot.create();
      const file = folder.join("release.bin");
      const bytes = randomBytes(CAST_BYTES);
      await Deno.writeFile(file, bytes);
      const cast = ["filecast", "distribute", file, "--target", "*", "--wait", "--json"];
      const printed = await fleet.cli("swarm", ...cast);
      const { hosts } = filecastShow.answer.parse(JSON.parse(printed));
      assert.deepEqual(hosts.map(({ status }) => status), fleet.machines.map(() => "complete"));
      const helped = hosts.filter(({ origin, sources }) =>
        !origin && Object.keys(sources).some((source) => source !== "hub" && source !== "cached")
      );
      assert.ok(helped.length >= 2, JSON.stringify(hosts));
      for (const { swarmFolder } of fleet.machines) {
        const copy = await Deno.readFile(join(swarmFolder, "files/release.bin"));
        assert.equal(sha256Hex(copy), sha256Hex(bytes));
      }
    }),
});
