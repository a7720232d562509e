import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import type { BlobProgress } from "../../shared/proto/agent.ts";
import { REVOKED_HORIZON_MS } from "../../shared/swarm/manifest.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import { eventually } from "../../tests/support/eventually.ts";
import type { SimulatedEnvoy } from "../../tests/support/simulated_envoy.ts";
import { SimulatedFleet } from "../../tests/support/simulated_fleet.ts";
import { connected, CONTENT, entryOf, progressOf } from "../../tests/support/filecast_fixture.ts";
import { swarmSectionSchema } from "../config/swarm_section.ts";

const OTHER = sha256Hex("another file");

/** Has the origin say these entries, as one that just heard them from its agent. */
async function said(server: SimulatedFleet, ...entries: ManifestEntry[]): Promise<void> {
  const from = server.fleet.index.find("vigo-1");
  assert.ok(from);
  const cells = entries.map((entry) => Buffer.from(JSON.stringify(entry)));
  await server.fleet.manifest.receive(cells, from);
}

/** Lets an envoy report these blobs, and waits until the server has heard it. */
async function reports(
  server: SimulatedFleet,
  envoy: SimulatedEnvoy,
  blobs: readonly Partial<BlobProgress>[],
  problems: { label: string; reason: string }[] = [],
): Promise<void> {
  const stream = await envoy.openStream();
  const lines = blobs.flatMap((blob) => progressOf(blob).blobs);
  stream.raw.write({ swarmProgress: { blobs: lines, problems } });
  await eventually("the server has heard it", () => {
    const { overview } = server.fleet;
    const known = overview.peers("hostname", 0).peers.find(({ uuid }) =>
      uuid === envoy.identity.uuid
    );
    const complaints = overview.broken(100).seedsTotal;
    return known && known.cached + known.downloading >= blobs.filter(({ origin }) =>
          !origin
        ).length &&
      complaints >= problems.length;
  });
}

Deno.test("the swarm's totals count who takes part, what is cached and what is revoked", async () => {
  await using server = await SimulatedFleet.start({
    swarm: swarmSectionSchema.parse({
      enabled: ["*"],
      payload: { enabled: ["*"] },
      seeders: ["*.ci.example.com"],
    }),
  });
  using origin = await connected(server, "vigo-1");
  using web = await connected(server, "web-1");
  using _idle = await connected(server, "db-1");
  await said(
    server,
    entryOf(origin.signer),
    entryOf(origin.signer, { sha256: OTHER, label: "other", sizeBytes: 2_000_000 }),
  );
  await server.fleet.manifest.revoke(OTHER);
  await reports(server, web, [
    { status: "complete", chunksHave: 1 },
    { sha256: OTHER, status: "downloading", chunksHave: 1, chunksTotal: 2 },
  ]);
  await reports(server, origin, [{ status: "complete", chunksHave: 1, origin: true }]);
  const { generatedAtMs: _, ...status } = server.fleet.overview.status();
  assert.deepEqual(status, {
    envoysOnline: 3,
    envoysTotal: 3,
    substrateActive: 2,
    seedingEnvoys: 1,
    footprintBytes: CONTENT.length,
    manifestActive: 1,
    manifestRevoked: 1,
    payloads: { payload: 1 },
    allowlist: { implicit: "vigo-1", patterns: ["*.ci.example.com"] },
  });
});

Deno.test("peers are sorted by footprint, blobs or hostname, and 0 lists all", async () => {
  await using server = await SimulatedFleet.start();
  using origin = await connected(server, "vigo-1");
  using big = await connected(server, "web-2");
  using many = await connected(server, "web-1");
  const small = [sha256Hex("1"), sha256Hex("2"), sha256Hex("3")];
  await said(
    server,
    entryOf(origin.signer, { sha256: OTHER, sizeBytes: 1_000 }),
    ...small.map((sha256, index) =>
      entryOf(origin.signer, { sha256, sizeBytes: 1, label: `small-${index}` })
    ),
  );
  await reports(server, big, [{ sha256: OTHER, status: "complete", chunksHave: 1 }]);
  await reports(
    server,
    many,
    small.map((sha256) => ({ sha256, status: "complete", chunksHave: 1 })),
  );
  const names = (sort: "footprint" | "blobs" | "hostname", limit = 0) =>
    server.fleet.overview.peers(sort, limit).peers.map(({ hostname }) => hostname);
  assert.deepEqual(names("footprint"), ["web-2", "web-1", "vigo-1"]);
  assert.deepEqual(names("blobs"), ["vigo-1", "web-1", "web-2"]);
  assert.deepEqual(names("hostname"), ["vigo-1", "web-1", "web-2"]);
  assert.deepEqual(names("footprint", 1), ["web-2"]);
  assert.equal(server.fleet.overview.peers("hostname", 1).total, 3);
  const [, row] = server.fleet.overview.peers("hostname", 0).peers;
  assert.deepEqual([row?.seeding, row?.cached, row?.footprintBytes], [0, 3, 3]);
});

Deno.test("an envoy whose gate is shut is idle, whatever it holds", async () => {
  await using server = await SimulatedFleet.start({
    swarm: swarmSectionSchema.parse({ enabled: ["-web-*", "*"], payload: { enabled: ["*"] } }),
  });
  using origin = await connected(server, "vigo-1");
  using web = await connected(server, "web-1");
  await said(server, entryOf(origin.signer));
  await reports(server, web, [{ status: "complete", chunksHave: 1 }]);
  const rows = server.fleet.overview.peers("hostname", 0).peers;
  assert.deepEqual(rows.map(({ hostname, substrate }) => [hostname, substrate]), [
    ["vigo-1", "active"],
    ["web-1", "idle"],
  ]);
});

Deno.test("broken are refused seeds, and active entries that nobody online holds whole, with who held them", async () => {
  await using server = await SimulatedFleet.start();
  using origin = await connected(server, "vigo-1");
  using web = await connected(server, "web-1");
  await said(server, entryOf(origin.signer), entryOf(origin.signer, { sha256: OTHER, label: "b" }));
  await reports(server, web, [{ status: "complete", chunksHave: 1 }], [
    { label: "mine.bin", reason: "refused: not in swarm.seeders" },
  ]);
  const { overview } = server.fleet;
  assert.deepEqual(overview.broken(10), {
    seeds: [{ hostname: "web-1", label: "mine.bin", reason: "refused: not in swarm.seeders" }],
    filecasts: [],
    seedsTotal: 1,
    filecastsTotal: 0,
  }, "an origin that has not reported yet has what it signed");

  await reports(server, origin, [{ status: "complete", chunksHave: 1, origin: true }]);
  await eventually(
    "the origin has told that it lacks one",
    () => overview.broken(10).filecastsTotal > 0,
  );
  assert.deepEqual(overview.broken(10).filecasts, [{
    sha256: OTHER,
    label: "b",
    origin: "vigo-1",
    reason: "its origin vigo-1 does not have it any more",
    heldBy: [],
  }]);

  server.clock.offsetMs = 24 * 3_600_000;
  const { filecasts, filecastsTotal } = overview.broken(1);
  assert.deepEqual([filecasts.length, filecastsTotal], [1, 2]);
  assert.deepEqual(filecasts[0]?.reason, "its origin vigo-1 is offline");
  assert.deepEqual(filecasts[0]?.heldBy, ["vigo-1", "web-1"]);
});

Deno.test("a purge forgets what was revoked a week ago, on the record, and keeps what is newer", async () => {
  await using server = await SimulatedFleet.start();
  using origin = await connected(server, "vigo-1");
  await said(server, entryOf(origin.signer));
  await server.fleet.manifest.revoke(sha256Hex(CONTENT));
  const { filecasts, manifest } = server.fleet;
  assert.deepEqual(await filecasts.purge("local-root"), { forgotten: [], kept: 1 });
  server.clock.offsetMs = REVOKED_HORIZON_MS + 60_000;
  assert.deepEqual(await filecasts.purge("local-root"), {
    forgotten: [{ sha256: sha256Hex(CONTENT), label: "app.tar.gz" }],
    kept: 0,
  });
  assert.equal(manifest.effective(sha256Hex(CONTENT)), undefined);
  assert.deepEqual(await server.store.manifest.list(), []);
  const records = await server.store.audit.list({ limit: 10 });
  assert.ok(JSON.stringify(records).includes("swarm.purge"));
});
