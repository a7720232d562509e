import assert from "node:assert/strict";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import type { BlobState } from "../swarm/mirror.ts";
import { fakeSystem } from "./fake_system.ts";
import { swarmCollectors, swarmTraits } from "./swarm.ts";

const blob = (fields: Partial<BlobState>): BlobState => ({
  sha256: "0".repeat(64),
  label: "firmware.bin",
  sizeBytes: 5,
  target: "*",
  origin: "seeder",
  status: "complete",
  chunksHave: 1,
  chunksTotal: 1,
  skipReason: "",
  sources: { seeder: 1 },
  isSeed: false,
  retentionSecs: 60,
  activeDownloadMs: 7,
  holders: [],
  ...fields,
});

Deno.test("traits name what is held, what is under way, and where it came from", () => {
  const [held, partial] = ["1".repeat(64), "2".repeat(64)];
  const { swarm } = swarmTraits({
    blobs: [
      blob({ sha256: held, slowest: [{ chunk: 0, source: "seeder", ms: 12 }] }),
      blob({ sha256: partial, status: "downloading", chunksHave: 3, sources: { cached: 3 } }),
      blob({ sha256: "3".repeat(64), status: "pending" }),
    ],
    problems: [],
  });
  assert.deepEqual(swarm, {
    blob_count: 1,
    blobs: [held],
    chunk_sources: { [held]: { seeder: 1 }, [partial]: { cached: 3 } },
    chunk_details: { [held]: [{ chunk: 0, source: "seeder", ms: 12 }] },
    active_download_ms: { [held]: 7, [partial]: 7 },
    downloading: { [partial]: 3 },
  });
});

Deno.test("a seed that is refused stands among the seeds with the reason", () => {
  const { swarm_seeds } = swarmTraits({
    blobs: [blob({ isSeed: true })],
    problems: [{ label: "other.bin", reason: "refused: not in swarm.seeders" }],
  });
  assert.equal(swarm_seeds.length, 2);
  assert.deepEqual(swarm_seeds[1], {
    label: "other.bin",
    reason: "refused: not in swarm.seeders",
  });
});

Deno.test("without a state file there is no blob, and one that cannot be read fails", async () => {
  await using folder = await TemporaryRoot.create();
  const [swarm, seeds] = swarmCollectors(folder.path);
  const { signal } = new AbortController();
  assert.equal(Object(await swarm?.collect(fakeSystem(), signal)).blob_count, 0);
  assert.deepEqual(await seeds?.collect(fakeSystem(), signal), []);
  await Deno.writeTextFile(folder.join("state.json"), "{");
  await assert.rejects(async () => await swarm?.collect(fakeSystem(), signal), /is not JSON/);
});
