import assert from "node:assert/strict";
import { join } from "node:path";
import { readManifest } from "../../agent/swarm/mirror.ts";
import { eventually } from "../support/eventually.ts";
import { type FleetMachine, NamespacedFleet } from "../support/namespaced_fleet.ts";
import { canUseNamespaces } from "../support/network_namespaces.ts";
import type { TestProcess } from "../support/process.ts";
import { SmallDisk } from "../support/small_disk.ts";
import {
  blobOn,
  blobPath,
  countLogged,
  DEADLINE_MS,
  durableChunks,
  freshBytes,
  hostsOf,
  MIB,
  nextCheckIn,
  partialPath,
  placeSeed,
  SLOW_BYTES,
  slowDown,
  speedUp,
  startEnvoys,
  stepsOn,
  takeSeedAway,
  waitForBlob,
  waitForCopies,
  waitForRow,
  waitUntilGone,
  waitUntilUnderWay,
  writeWish,
} from "../support/swarm_lifecycle.ts";

const SLOW_CHUNKS = SLOW_BYTES / MIB;
/** Of this the reserve of 512 MiB leaves room for every file of this test, and a filler for none. */
const DISK_MIB = 600;
const FREE_MIB_WHEN_FULL = 515;
/** Between the share that is free when the disk is full and when it is not. */
const MIN_FREE_PERCENT = 86;
/** Check-ins during one download. */
const CHECK_INS = 3;
const PEER_PORT = 1531;
/** So slow that a chunk takes twice as long as a peer server bears with an idle connection. */
const CRAWL_MBIT_PER_SECOND = 0.25;

Deno.test({
  name: "a downloader's life: whatever interrupts a download, it comes to its end or says why not",
  ignore: !canUseNamespaces(),
  fn: (context) =>
    NamespacedFleet.run(["web-1", "web-2", "db-1"], async (fleet) => {
      const [seeder, peer, receiver] = ["web-1", "web-2", "db-1"]
        .map((hostname) => fleet.machine(hostname));
      assert.ok(seeder && peer && receiver);
      const envoys = [seeder, peer, receiver];
      const wish = { target: receiver.hostname };
      const options = { env: { VIGO_MIN_FREE_PCT: String(MIN_FREE_PERCENT) } };
      const step = stepsOn(fleet, context);
      await using disk = await SmallDisk.mount(receiver.swarmFolder, DISK_MIB);
      await startEnvoys(fleet, [seeder, peer]);
      await startEnvoys(fleet, [receiver], options);

      await step(
        "downloader: killed in the middle of a download: it goes on with the chunks it had, target or not",
        async () => {
          await slowDown(seeder);
          const sha256 = await placeSeed(seeder, "resumed.bin", freshBytes(SLOW_BYTES), wish);
          await waitUntilUnderWay(receiver, sha256);
          // Who is fetching a blob keeps it when the target is edited, and being off for a while changes nothing.
          await writeWish(seeder, "resumed.bin", { target: "nobody" });
          await eventually(
            "the receiver knows the new target",
            async () => await knownTarget(receiver, sha256) === "nobody",
            DEADLINE_MS,
          );
          await fleet.killAgent(receiver);
          const had = await durableChunks(receiver, sha256);
          assert.ok(had < SLOW_CHUNKS);
          await speedUp(seeder);
          await fleet.startAgent(receiver, options);
          const { sources } = await waitForBlob(receiver, sha256, "complete");
          assert.deepEqual(sources, { cached: had, "web-1": SLOW_CHUNKS - had });
          await waitForCopies([receiver], "resumed.bin", sha256);
          await takeSeedAway(seeder, "resumed.bin");
          await waitUntilGone(envoys, sha256);
        },
      );

      await step("downloader: delete the partial folder: the download begins anew", async () => {
        await slowDown(seeder);
        const sha256 = await placeSeed(seeder, "begun-anew.bin", freshBytes(SLOW_BYTES), wish);
        await waitUntilUnderWay(receiver, sha256);
        await eventually("the folder is removed", async () => {
          await Deno.remove(partialPath(receiver, sha256), { recursive: true });
          return true;
        }, DEADLINE_MS);
        await fleet.agent(receiver).waitForLine(/its partial folder is gone/, DEADLINE_MS);
        await speedUp(seeder);
        const { sources } = await waitForBlob(receiver, sha256, "complete");
        assert.deepEqual(sources, { "web-1": SLOW_CHUNKS });
        await waitForCopies([receiver], "begun-anew.bin", sha256);
        await takeSeedAway(seeder, "begun-anew.bin");
        await waitUntilGone(envoys, sha256);
      });

      await step("downloader: delete the complete blob: it is fetched again", async () => {
        const sha256 = await placeSeed(seeder, "deleted.bin", freshBytes(3 * MIB), wish);
        const { completedMs } = await waitForBlob(receiver, sha256, "complete");
        await Deno.remove(blobPath(receiver, sha256));
        await waitForCopies([receiver], "deleted.bin", sha256);
        const healed = await eventually("the new copy is told", async () => {
          const blob = await blobOn(receiver, sha256);
          return blob?.status === "complete" && blob.completedMs !== completedMs && blob;
        }, DEADLINE_MS);
        assert.deepEqual(healed.sources, { "web-1": 3 });
        await takeSeedAway(seeder, "deleted.bin");
        await waitUntilGone(envoys, sha256);
      });

      await step(
        "downloader: revoked in the middle of a download: the partial is gone",
        async () => {
          await slowDown(seeder);
          const sha256 = await placeSeed(seeder, "revoked.bin", freshBytes(SLOW_BYTES), wish);
          await waitUntilUnderWay(receiver, sha256);
          await fleet.cli("swarm", "filecast", "revoke", sha256);
          await waitUntilGone([receiver], sha256);
          const row = await waitForRow(fleet, receiver, sha256, "revoked");
          assert.equal(row.chunksHave, 0);
          const { chunksHave, status } = await waitForBlob(receiver, sha256, "revoked");
          assert.deepEqual([chunksHave, status], [0, "revoked"]);
          await speedUp(seeder);
          await waitUntilGone(envoys, sha256);
        },
      );

      await step(
        "downloader: off while its blob is revoked and seeded again: it uses what it had",
        async () => {
          await slowDown(seeder);
          const content = freshBytes(SLOW_BYTES);
          const sha256 = await placeSeed(seeder, "again.bin", content, wish);
          await waitUntilUnderWay(receiver, sha256);
          await fleet.killAgent(receiver);
          const had = await durableChunks(receiver, sha256);
          await fleet.cli("swarm", "filecast", "revoke", sha256);
          await waitUntilGone([seeder], sha256);
          await placeSeed(seeder, "again.bin", content, wish);
          await waitForRow(fleet, seeder, sha256, "complete");
          await speedUp(seeder);
          await fleet.startAgent(receiver, options);
          const { sources } = await waitForBlob(receiver, sha256, "complete");
          assert.deepEqual(sources, { cached: had, "web-1": SLOW_CHUNKS - had });
          await takeSeedAway(seeder, "again.bin");
          await waitUntilGone(envoys, sha256);
        },
      );

      await step(
        "downloader: disk full, or nearly: skipped with the reason, and fetched once there is room",
        async () => {
          await disk.fill(FREE_MIB_WHEN_FULL);
          const large = await placeSeed(seeder, "large.bin", freshBytes(16 * MIB), wish);
          const small = await placeSeed(seeder, "small.bin", freshBytes(MIB), wish);
          const skipped = [[large, "insufficient disk space"], [small, "disk pressure"]] as const;
          for (const [sha256, reason] of skipped) {
            assert.equal((await waitForBlob(receiver, sha256, "skipped")).skipReason, reason);
            assert.equal((await waitForRow(fleet, receiver, sha256, "skipped")).skipReason, reason);
          }
          await disk.empty();
          await waitForCopies([receiver], "large.bin", large);
          await waitForCopies([receiver], "small.bin", small);
          const row = await waitForRow(fleet, receiver, large, "complete");
          assert.equal(row.skipReason, "");
          for (const name of ["large.bin", "small.bin"]) await takeSeedAway(seeder, name);
          for (const sha256 of [large, small]) await waitUntilGone(envoys, sha256);
        },
      );

      await step(
        "downloader: check-ins begin no second download, and a peer that appears meanwhile is used",
        async () => {
          await fleet.stopAgent(receiver);
          const sha256 = await placeSeed(seeder, "helped.bin", freshBytes(SLOW_BYTES));
          await waitForBlob(peer, sha256, "complete");
          assert.equal((await hostsOf(fleet, sha256)).get(receiver.hostname)?.status, "pending");
          await fleet.stopAgent(peer);
          // A quarter of the other steps' rate, so that a machine has time to start meanwhile.
          await seeder.host.limitBandwidth(4);
          const agent = await fleet.startAgent(receiver, options);
          const isUnderWay = async () => ((await blobOn(receiver, sha256))?.chunksHave ?? 0) > 0;
          await eventually("the download is under way", isUnderWay, DEADLINE_MS);
          for (let seen = 0; seen < CHECK_INS; seen += 1) await nextCheckIn(receiver);
          await fleet.startAgent(peer);
          await eventually("the peer has helped", async () => {
            const { status, sources } = await blobOn(receiver, sha256) ?? {};
            return status === "complete" || (sources?.["web-2"] ?? 0) > 0;
          }, DEADLINE_MS);
          await speedUp(seeder);
          const { sources } = await waitForBlob(receiver, sha256, "complete");
          assert.ok((sources["web-2"] ?? 0) > 0, JSON.stringify(sources));
          assert.equal((sources["web-1"] ?? 0) + (sources["web-2"] ?? 0), SLOW_CHUNKS);
          assert.equal(countLogged(agent, "download started", sha256), 1);
          await takeSeedAway(seeder, "helped.bin");
          await waitUntilGone(envoys, sha256);
        },
      );

      await step(
        "downloader: the server is restarted: it shows again who has the blob",
        async () => {
          const sha256 = await placeSeed(seeder, "shown.bin", freshBytes(MIB), wish);
          const { completedMs } = await waitForBlob(receiver, sha256, "complete");
          await waitForRow(fleet, receiver, sha256, "complete");
          await fleet.stopServer();
          await fleet.startServer();
          await waitForRow(fleet, receiver, sha256, "complete");
          await waitForRow(fleet, seeder, sha256, "complete");
          assert.equal((await blobOn(receiver, sha256))?.completedMs, completedMs);
          await takeSeedAway(seeder, "shown.bin");
          await waitUntilGone(envoys, sha256);
        },
      );

      let crawl: TestProcess | undefined;
      await step(
        "downloader: no peer at all, and a seeder that goes offline in the middle: it gives up, and goes on when somebody is back",
        async () => {
          crawl = await callPeerServer(fleet, peer, receiver);
          await slowDown(seeder);
          const begun = await placeSeed(seeder, "begun.bin", freshBytes(SLOW_BYTES), wish);
          await waitUntilUnderWay(receiver, begun);
          const agent = fleet.agent(receiver);
          // It is to hear of the second file when nobody who has it can be reached.
          agent.signal("SIGSTOP");
          const never = await placeSeed(seeder, "never.bin", freshBytes(MIB), wish);
          await waitForRow(fleet, seeder, never, "complete");
          await seeder.host.setConnected(false);
          agent.signal("SIGCONT");
          const [gaveUp, noPeers] = ["no progress", "no available peers"]
            .map((reason) => new RegExp(`download gave up for now.*"reason":"${reason}`));
          assert.ok(gaveUp && noPeers);
          await agent.waitForLine(gaveUp, DEADLINE_MS);
          await agent.waitForLine(noPeers, DEADLINE_MS);
          assert.equal((await blobOn(receiver, never))?.status, "pending");
          await seeder.host.setConnected(true);
          await speedUp(seeder);
          await waitForCopies([receiver], "begun.bin", begun);
          await waitForCopies([receiver], "never.bin", never);
          const { sources } = await waitForBlob(receiver, begun, "complete");
          assert.ok((sources["cached"] ?? 0) >= 3, JSON.stringify(sources));
          for (const name of ["begun.bin", "never.bin"]) await takeSeedAway(seeder, name);
          for (const sha256 of [begun, never]) await waitUntilGone(envoys, sha256);
        },
      );

      await step(
        "a peer server closes connections that rest for 15 s, and never one that is being served",
        async () => {
          assert.ok(crawl);
          await crawl.waitForLine(/^busy complete$/, DEADLINE_MS);
          const lines = crawl.lines.map(({ text }) => text);
          assert.deepEqual(lines.slice(0, 4).toSorted(), [
            "busy complete",
            "resting answered",
            "resting closed",
            "silent closed",
          ]);
          assert.equal(lines.indexOf("busy complete"), 3, "both were closed while it was served");
        },
      );
    }, {
      swarm: { enabled: ["*"], payload: { enabled: ["*"] }, seeders: ["web-*"] },
    }),
});

/** The target of a blob that a crash would leave with a machine. */
async function knownTarget({ swarmFolder }: FleetMachine, sha256: string) {
  const manifest = await readManifest(swarmFolder);
  return manifest.ok && manifest.value.entries.find((one) => one.sha256 === sha256)?.target;
}

/** Has a machine keep a file of one chunk for nobody, and lets another member of the fleet fetch it at a crawl. */
async function callPeerServer(
  fleet: NamespacedFleet,
  server: FleetMachine,
  member: FleetMachine,
): Promise<TestProcess> {
  const sha256 = await placeSeed(server, "crawl.bin", freshBytes(MIB), { target: "nobody" });
  await waitForRow(fleet, server, sha256, "complete");
  await server.host.limitBandwidth(CRAWL_MBIT_PER_SECOND);
  const script = join(import.meta.dirname ?? ".", "../support/call_peer_server.ts");
  const chunk = `/swarm/v1/blobs/${sha256}/chunks/0`;
  const folder = join(member.root, "etc/vigo-envoy");
  const args = [server.host.address, String(PEER_PORT), folder, chunk];
  return fleet.hub.host.start(Deno.execPath(), ["run", "-A", "--no-check", script, ...args]);
}
