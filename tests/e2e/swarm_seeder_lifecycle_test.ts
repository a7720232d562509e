import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { filecastList } from "../../shared/rest/swarm.ts";
import { eventually } from "../support/eventually.ts";
import { type FleetMachine, NamespacedFleet } from "../support/namespaced_fleet.ts";
import { canUseNamespaces } from "../support/network_namespaces.ts";
import {
  blobOn,
  blobPath,
  countLogged,
  DEADLINE_MS,
  freshBytes,
  hostsOf,
  MIB,
  placeSeed,
  seedPath,
  SLOW_BYTES,
  slowDown,
  speedUp,
  startEnvoys,
  stateOf,
  stepsOn,
  takeSeedAway,
  waitForBlob,
  waitForCopies,
  waitForRow,
  waitUntilGone,
  waitUntilUnderWay,
  writeWish,
} from "../support/swarm_lifecycle.ts";

const SECTIONS = {
  swarm: { enabled: ["*"], payload: { enabled: ["*"] }, seeders: ["web-*"] },
};

Deno.test({
  name: "a seeder's life: whatever happens to a file in seed/, the fleet follows",
  ignore: !canUseNamespaces(),
  fn: (context) =>
    NamespacedFleet.run(["web-1", "web-2", "db-1"], async (fleet) => {
      const [seeder, other, receiver] = ["web-1", "web-2", "db-1"]
        .map((hostname) => fleet.machine(hostname));
      assert.ok(seeder && other && receiver);
      const envoys = [seeder, other, receiver];
      const step = stepsOn(fleet, context);
      await startEnvoys(fleet, envoys, { args: ["--log-level", "debug"] });

      await step("seeder: place a file and its .swarm: every envoy has it", async () => {
        const name = "placed.bin";
        const sha256 = await placeSeed(seeder, name, freshBytes(3 * MIB));
        await waitForCopies([other, receiver], name, sha256);
        assert.equal(await Deno.realPath(blobPath(seeder, sha256)), seedPath(seeder, name));
        for (const envoy of envoys) await waitForRow(fleet, envoy, sha256, "complete");
        const rows = await hostsOf(fleet, sha256);
        assert.deepEqual(
          [...rows.values()].filter(({ origin }) => origin).map(({ hostname }) => hostname),
          ["web-1"],
        );
        for (const envoy of [other, receiver]) {
          const sources = rows.get(envoy.hostname)?.sources ?? {};
          assert.equal(Object.values(sources).reduce((sum, count) => sum + count, 0), 3);
        }
        await takeSeedAway(seeder, name);
        await waitUntilGone(envoys, sha256);
      });

      await step("seeder: a file without its .swarm is no seed until that is placed", async () => {
        const name = "two-steps.bin";
        await Deno.writeFile(seedPath(seeder, name), freshBytes(1000));
        await eventually("the missing half is told", async () => {
          const { problems } = await stateOf(seeder);
          return problems.some(({ label, reason }) =>
            label === name && reason === `${name}.swarm is missing`
          );
        }, DEADLINE_MS);
        await writeWish(seeder, name, {});
        const sha256 = sha256Hex(await Deno.readFile(seedPath(seeder, name)));
        await waitForCopies([other, receiver], name, sha256);
        await takeSeedAway(seeder, name);
        await waitUntilGone(envoys, sha256);
      });

      await step("seeder: remove the file from seed/: every copy goes", async () => {
        const name = "removed.bin";
        const sha256 = await placeSeed(seeder, name, freshBytes(2 * MIB));
        await waitForCopies([other, receiver], name, sha256);
        // The file alone decides; its `.swarm` stays behind and is no seed.
        await Deno.remove(seedPath(seeder, name));
        await waitUntilGone(envoys, sha256);
        for (const envoy of [other, receiver]) await waitForRow(fleet, envoy, sha256, "revoked");
        assert.equal((await castOf(fleet, sha256)).state, "revoked");
        await Deno.remove(`${seedPath(seeder, name)}.swarm`);
      });

      await step(
        "seeder: replace the file by other content: the new is cast, the old goes",
        async () => {
          const name = "replaced.bin";
          const first = await placeSeed(seeder, name, freshBytes(2 * MIB));
          await waitForCopies([other, receiver], name, first);
          const second = await placeSeed(seeder, name, freshBytes(3 * MIB));
          await waitForCopies([other, receiver], name, second);
          await waitUntilGone(envoys, first);
          assert.equal((await castOf(fleet, first)).state, "revoked");
          assert.equal((await castOf(fleet, second)).state, "active");
          await takeSeedAway(seeder, name);
          await waitUntilGone(envoys, second);
        },
      );

      await step(
        "seeder: edit .swarm: holders keep the blob, only others judge the new target",
        async () => {
          const name = "edited.bin";
          const content = freshBytes(2 * MIB);
          const wish = { target: other.hostname, retention: "7d" };
          const sha256 = await placeSeed(seeder, name, content, wish);
          const { completedMs } = await waitForBlob(other, sha256, "complete");
          const before = await castOf(fleet, sha256);
          assert.equal(await blobOn(receiver, sha256), undefined);

          await writeWish(seeder, name, { target: receiver.hostname, retention: "30d" });
          await waitForCopies([receiver], name, sha256);
          const after = await castOf(fleet, sha256);
          assert.deepEqual(
            [after.target, after.retentionSecs, after.createdAtMs, after.state],
            [receiver.hostname, 30 * 86_400, before.createdAtMs, "active"],
          );
          const kept = await waitForBlob(other, sha256, "complete");
          assert.deepEqual([kept.completedMs, kept.target], [completedMs, receiver.hostname]);
          await takeSeedAway(seeder, name);
          await waitUntilGone(envoys, sha256);
        },
      );

      await step(
        "seeder: interrupted seed: the partial file gives way to the complete one",
        async () => {
          const name = "interrupted.bin";
          const whole = freshBytes(4 * MIB);
          const part = await placeSeed(seeder, name, whole.subarray(0, 2 * MIB + 5));
          await waitForCopies([other, receiver], name, part);
          // As a copy that goes on where it was cut: the same file grows.
          using file = await Deno.open(seedPath(seeder, name), { append: true });
          for (let rest = whole.subarray(2 * MIB + 5); rest.length > 0;) {
            rest = rest.subarray(await file.write(rest));
          }
          const sha256 = sha256Hex(whole);
          await waitForCopies([other, receiver], name, sha256);
          await waitUntilGone(envoys, part);
          assert.equal((await castOf(fleet, part)).state, "revoked");
          assert.equal(sha256Hex(await Deno.readFile(seedPath(seeder, name))), sha256);
          await takeSeedAway(seeder, name);
          await waitUntilGone(envoys, sha256);
        },
      );

      await step(
        "seeder: reseed after revoke: the graveyard's copy is used, and nobody is asked in vain",
        async () => {
          const name = "reseeded.bin";
          const content = freshBytes(8 * MIB);
          const sha256 = await placeSeed(seeder, name, content);
          await waitForCopies([other, receiver], name, sha256);
          await fleet.cli("swarm", "filecast", "revoke", sha256);
          await waitUntilGone(envoys, sha256);
          for (const envoy of envoys) await waitForRow(fleet, envoy, sha256, "revoked");
          const grave = join(seeder.swarmFolder, "graveyard", sha256);
          assert.equal(sha256Hex(await Deno.readFile(grave)), sha256);
          assert.match(await Deno.readTextFile(`${grave}.swarm`), /"retention":"7d"/);
          await assert.rejects(Deno.stat(seedPath(seeder, name)), Deno.errors.NotFound);
          for (const envoy of envoys) {
            const holders = (await blobOn(envoy, sha256))?.holders;
            assert.deepEqual(holders, [], `${envoy.hostname} still believes who held it`);
          }

          const before = envoys.map((envoy) => askedInVain(fleet, envoy, sha256));
          await placeSeed(other, name, content);
          await waitForCopies([seeder, receiver], name, sha256);
          const exhumed = await waitForBlob(seeder, sha256, "complete");
          assert.deepEqual(exhumed.sources, { cached: 8 });
          assert.equal(exhumed.origin, other.hostname);
          await assert.rejects(Deno.stat(grave), Deno.errors.NotFound);
          const fetched = (await waitForBlob(receiver, sha256, "complete")).sources;
          assert.equal(
            (fetched["web-1"] ?? 0) + (fetched["web-2"] ?? 0),
            8,
            JSON.stringify(fetched),
          );
          const after = envoys.map((envoy) => askedInVain(fleet, envoy, sha256));
          assert.deepEqual(after, before, "no chunk was asked of who did not hold it");

          // Once more in the same place: a file placed after the revocation is a new seed.
          await fleet.cli("swarm", "filecast", "revoke", sha256);
          await waitUntilGone(envoys, sha256);
          await placeSeed(other, name, content);
          await waitForCopies([seeder, receiver], name, sha256);
          assert.equal((await castOf(fleet, sha256)).state, "active");
          await takeSeedAway(other, name);
          await waitUntilGone(envoys, sha256);
        },
      );

      await step(
        "seeder: kill and restart it while it seeds: the download goes on, and nothing is registered anew",
        async () => {
          const name = "killed.bin";
          await slowDown(seeder);
          const sha256 = await placeSeed(seeder, name, freshBytes(SLOW_BYTES), {
            target: receiver.hostname,
          });
          await waitUntilUnderWay(receiver, sha256);
          const before = await castOf(fleet, sha256);
          await fleet.killAgent(seeder);
          await speedUp(seeder);
          const again = await fleet.startAgent(seeder, { args: ["--log-level", "debug"] });
          const { sources } = await waitForBlob(receiver, sha256, "complete");
          const fromSeeder = sources["web-1"] ?? 0;
          assert.equal(fromSeeder + (sources["cached"] ?? 0), SLOW_BYTES / MIB);
          await waitForCopies([receiver], name, sha256);
          await waitForRow(fleet, seeder, sha256, "complete");
          const after = await castOf(fleet, sha256);
          assert.equal(after.createdAtMs, before.createdAtMs);
          assert.equal(countLogged(again, "registered a seed"), 0);
          assert.equal(
            (await stateOf(seeder)).blobs.find((one) => one.sha256 === sha256)?.isSeed,
            true,
          );
          await takeSeedAway(seeder, name);
          await waitUntilGone(envoys, sha256);
        },
      );

      await step(
        "seeder: it loses its place in swarm.seeders: copies wait in the graveyard, and come back with it",
        async () => {
          const name = "unseated.bin";
          const sha256 = await placeSeed(seeder, name, freshBytes(3 * MIB));
          await waitForCopies([other, receiver], name, sha256);
          await reconfigure(fleet, { swarm: { ...SECTIONS.swarm, seeders: ["web-2"] } });
          for (const envoy of [other, receiver]) {
            await waitUntilGone([envoy], sha256);
            const grave = join(envoy.swarmFolder, "graveyard", sha256);
            assert.equal(sha256Hex(await Deno.readFile(grave)), sha256);
          }
          await eventually("the seeder is refused, and keeps its file", async () => {
            const { problems } = await stateOf(seeder);
            await Deno.lstat(seedPath(seeder, name));
            return problems.some(({ label, reason }) =>
              label === name && reason === "refused: not in swarm.seeders"
            );
          }, DEADLINE_MS);
          await reconfigure(fleet, SECTIONS);
          await waitForCopies([other, receiver], name, sha256);
          for (const envoy of [other, receiver]) {
            const { sources } = await waitForBlob(envoy, sha256, "complete");
            assert.deepEqual(sources, { cached: 3 }, "nothing travels twice");
          }
          await takeSeedAway(seeder, name);
          await waitUntilGone(envoys, sha256);
        },
      );
    }, SECTIONS),
});

/** Restarts the server with other sections in its configuration. */
async function reconfigure(
  fleet: NamespacedFleet,
  sections: Readonly<Record<string, unknown>>,
): Promise<void> {
  await fleet.configure(sections);
  await fleet.stopServer();
  await fleet.startServer();
}

/** The blob as the server lists it. */
async function castOf(fleet: NamespacedFleet, sha256: string) {
  return await eventually(`the server lists ${sha256.slice(0, 8)}`, async () => {
    const printed = await fleet.cli("swarm", "filecast", "list", "--json");
    const { filecasts } = filecastList.answer.parse(JSON.parse(printed));
    return filecasts.find((cast) => cast.sha256 === sha256);
  }, DEADLINE_MS);
}

/** How often a machine was asked for chunks of a blob that it could not give. */
function askedInVain(fleet: NamespacedFleet, machine: FleetMachine, sha256: string): number {
  return countLogged(fleet.agent(machine), "a peer asked in vain", `${sha256}/chunks/`);
}
