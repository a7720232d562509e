import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import type { BlobProgress } from "../../shared/proto/agent.ts";
import type { FilecastNews, SwarmGraphNews } from "../../shared/rest/swarm_graph.ts";
import { eventually } from "../../tests/support/eventually.ts";
import { connected, entryOf } from "../../tests/support/filecast_fixture.ts";
import type { SimulatedEnvoy } from "../../tests/support/simulated_envoy.ts";
import { SimulatedFleet } from "../../tests/support/simulated_fleet.ts";

const MIB = 1024 * 1024;
const CAST = sha256Hex("eight chunks");

/** A fleet whose origin casts a blob of eight chunks to `web-*`. */
async function casting(
  options: Parameters<typeof SimulatedFleet.start>[0] = {},
): Promise<{ server: SimulatedFleet; origin: SimulatedEnvoy }> {
  const server = await SimulatedFleet.start(options);
  const origin = await connected(server, "vigo-1");
  const entry = entryOf(origin.signer, { sha256: CAST, sizeBytes: 8 * MIB - 100 });
  const from = server.fleet.index.find("vigo-1");
  assert(from);
  await server.fleet.manifest.receive([Buffer.from(JSON.stringify(entry))], from);
  return { server, origin };
}

/** Lets an envoy say how far it is, and waits until the server has heard it. */
async function says(
  server: SimulatedFleet,
  envoy: SimulatedEnvoy,
  line: Partial<BlobProgress>,
  chunks?: readonly number[],
): Promise<void> {
  const stream = await envoy.openStream();
  const blob: BlobProgress = {
    sha256: CAST,
    status: "downloading",
    chunksHave: chunks?.filter((place) => place !== 0).length ?? 0,
    chunksTotal: 8,
    skipReason: "",
    sources: {},
    origin: false,
    ...(chunks ? { chunkMap: { chunks: Buffer.from(chunks), sources: ["vigo-1", "web-2"] } } : {}),
    ...line,
  };
  stream.raw.write({ swarmProgress: { blobs: [blob], problems: [] } });
  await eventually("the server has heard it", () => {
    const shown = server.fleet.filecasts.show(CAST);
    const row = shown.ok
      ? shown.value.hosts.find(({ hostname }) => hostname === envoy.identity.hostname)
      : undefined;
    return row?.chunksHave === blob.chunksHave && row.status === blob.status;
  });
}

Deno.test("the graph shows what flowed between whom, counted once, with tags as colours", async () => {
  // However long this takes, it is the same minute.
  const startedMs = Date.now();
  const clock = { offsetMs: 0 };
  const { server, origin } = await casting({ now: () => startedMs + clock.offsetMs });
  await using _ = server;
  using _origin = origin;
  using one = await connected(server, "web-1");
  using two = await connected(server, "web-2");
  const { graph } = server.fleet.pictures;
  await says(server, one, {}, [0, 0, 0, 0, 0, 0, 0, 0]);
  await says(server, two, {}, [0, 0, 0, 0, 0, 0, 0, 0]);
  await says(server, two, { sources: { "vigo-1": 2 } }, [1, 1, 0, 0, 0, 0, 0, 0]);
  await says(server, one, { sources: { "vigo-1": 1, "web-2": 1, server: 1, gone: 1, cached: 4 } }, [
    1,
    1,
    1,
    1,
    1,
    1,
    1,
    2,
  ]);
  await server.fleet.editor.tag("web-1", { set: { "viz.color": "teal" }, remove: [] }, "tester");
  // A picture is drawn once a second, whoever looks.
  clock.offsetMs += 1_000;
  const shown = graph.show();
  const uuidOf = ({ identity }: SimulatedEnvoy) => identity.uuid;
  assert.deepEqual(
    new Set(
      shown.flows.map(({ from, to, chunks, sizeBytes }) => `${from} ${to} ${chunks} ${sizeBytes}`),
    ),
    new Set([
      `${uuidOf(origin)} ${uuidOf(two)} 2 ${2 * MIB}`,
      `${uuidOf(origin)} ${uuidOf(one)} 1 ${MIB}`,
      `${uuidOf(two)} ${uuidOf(one)} 1 ${MIB}`,
      `server ${uuidOf(one)} 1 ${MIB}`,
    ]),
  );
  assert.deepEqual(
    shown.nodes.map(({ hostname, downloading, color }) => [hostname, downloading, color]),
    [["vigo-1", 0, null], ["web-1", 1, "teal"], ["web-2", 1, null]],
  );
});

Deno.test("whoever follows the graph is told all at first, then only what changed", async () => {
  const { server, origin } = await casting();
  await using _ = server;
  using _origin = origin;
  using web = await connected(server, "web-1");
  const scope = new AbortController();
  const news: SwarmGraphNews[] = [];
  const following = (async () => {
    for await (const one of server.fleet.pictures.graph.follow(scope.signal)) news.push(one);
  })();
  await eventually("the first news", () => news.length === 1);
  assert.deepEqual(news[0]?.nodes.map(({ hostname }) => hostname), ["vigo-1", "web-1"]);
  assert.deepEqual(news[0]?.flows, []);
  await says(server, web, {}, [1, 0, 0, 0, 0, 0, 0, 0]);
  await eventually("the second news", () => news.length === 2);
  assert.deepEqual(news[1]?.nodes.map(({ hostname }) => hostname), ["web-1"]);
  assert.equal(news[1]?.flows, undefined);
  const state = server.fleet.index.getActive("web-1");
  assert(state);
  await server.fleet.envoys.revokeState(state, "gone", "tester");
  await eventually("it is gone", () => news.some(({ gone }) => gone.includes(web.identity.uuid)));
  scope.abort();
  await following;
});

Deno.test("the chunk map says which envoy holds which chunks from whom, as they arrive, and when it was complete", async () => {
  const { server, origin } = await casting();
  await using _ = server;
  using _origin = origin;
  using web = await connected(server, "web-1");
  await says(server, web, {}, [0, 0, 0, 0, 0, 0, 0, 0]);
  const { chunks } = server.fleet.pictures;
  const scope = new AbortController();
  const followed = chunks.follow(CAST.slice(0, 12), scope.signal);
  assert(followed.ok);
  const news: FilecastNews[] = [];
  const following = (async () => {
    for await (const one of followed.value) news.push(one);
  })();
  await eventually("the first news", () => news.length > 0);
  assert.deepEqual(news[0]?.rows.map(({ hostname, origin }) => [hostname, origin]), [
    ["vigo-1", true],
    ["web-1", false],
  ]);
  await says(server, web, {}, [1, 0, 0, 0, 0, 0, 0, 2]);
  await eventually("what changed", () => news.some(({ rows }) => rows[0]?.changes));
  const changed = news.find(({ rows }) => rows[0]?.changes)?.rows;
  assert.equal(changed?.length, 1);
  assert.equal(changed?.[0]?.changes, Buffer.from([0, 0, 1, 0, 7, 2]).toString("base64"));
  const completedAtMs = Date.now() - 1_000;
  await says(server, web, { status: "complete", completedAtMs }, [1, 1, 1, 1, 2, 2, 2, 2]);
  await says(server, web, { status: "complete", completedAtMs, chunksHave: 8 });
  await eventually("a sample of the whole", () => news.at(-1)?.samples.at(-1)?.complete === 1);
  scope.abort();
  await following;
  const shown = chunks.show(CAST);
  assert(shown.ok);
  const row = shown.value.rows.find(({ hostname }) => hostname === "web-1");
  assert.equal(row?.completedAtMs, completedAtMs);
  assert.deepEqual(row?.mapSources, ["vigo-1", "web-2"]);
  assert.equal(row?.map, Buffer.from([1, 1, 1, 1, 2, 2, 2, 2]).toString("base64"));
  assert.deepEqual(shown.value.completions, [{ atMs: completedAtMs, complete: 1 }]);
  const bare = chunks.show(CAST, { withMaps: false });
  assert(bare.ok && bare.value.rows.every(({ map }) => map === null));
  assert.deepEqual(
    shown.value.samples.map(({ chunks, complete }) => [chunks, complete]).at(-1),
    [8, 1],
  );
});

Deno.test("a clock ahead of the server's completes nothing in the future, and what is unknown is refused", async () => {
  const { server, origin } = await casting();
  await using _ = server;
  using _origin = origin;
  using web = await connected(server, "web-1");
  await says(server, web, { status: "complete", chunksHave: 8, completedAtMs: 8e15 });
  const shown = server.fleet.pictures.chunks.show(CAST);
  assert(shown.ok);
  const row = shown.value.rows.find(({ hostname }) => hostname === "web-1");
  assert((row?.completedAtMs ?? Infinity) <= Date.now());
  assert.equal(row?.map, null);
  assert.equal(server.fleet.pictures.chunks.show("ffffffff").ok, false);
});
