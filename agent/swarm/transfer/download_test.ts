import assert from "node:assert/strict";
import { sha256Hex } from "../../../shared/crypto/sha256.ts";
import { Bitmap } from "../../../shared/swarm/bitmap.ts";
import { chunkDigest, digestOfChunks } from "../../../shared/swarm/chunk_layout.ts";
import { manifestEntry } from "../../../shared/swarm/manifest_entry_fixture.ts";
import { eventually } from "../../../tests/support/eventually.ts";
import { TemporaryRoot } from "../../../tests/support/temporary_root.ts";
import { BlobStore } from "../blobs/blob_store.ts";
import { localHasher } from "../hashing/local_hasher.ts";
import { PeerError } from "../peers/peer_error.ts";
import type { ProvenPeer } from "../peers/peer_registry.ts";
import { SwarmPaths } from "../swarm_paths.ts";
import { ChunkMemory } from "./chunk_memory.ts";
import { Download } from "./download.ts";
import { ChunkOrigins } from "./chunk_origins.ts";
import type { DownloadOptions } from "./download_options.ts";
import type { ServerSource, WantedContent } from "./last_resort.ts";

const CHUNK = 64 * 1024;
const COUNT = 20;
const content = new Uint8Array((COUNT - 1) * CHUNK + 5).map((_, index) => (index >> 8) % 251);
const chunks = Array.from(
  { length: COUNT },
  (_, index) => content.subarray(index * CHUNK, (index + 1) * CHUNK),
);
const digests = new Uint8Array(chunks.flatMap((chunk) => [...chunkDigest(chunk)]));
const entry = manifestEntry({
  sha256: sha256Hex(content),
  sizeBytes: content.length,
  chunkSizeBytes: CHUNK,
  chunksDigest: digestOfChunks(digests),
  label: "blob",
});

const PEER: ProvenPeer = {
  uuid: crypto.randomUUID(),
  hostname: "web-2",
  fingerprint: "0".repeat(64),
  address: "127.0.0.1",
  port: 1531,
  source: "multicast",
  provenMs: 0,
  failures: 0,
};

/** A peer that holds these chunks and gives them; without any it does not answer. */
function client(...held: number[]): DownloadOptions["client"] {
  const bits = new Bitmap(COUNT);
  for (const chunk of held) bits.set(chunk);
  const away = () => Promise.reject(new PeerError("connection refused"));
  return {
    getBlob: (_endpoint, _sha256, withDigests) =>
      held.length === 0 ? away() : Promise.resolve({
        peer: PEER,
        blob: {
          sizeBytes: content.length,
          chunkSizeBytes: CHUNK,
          chunks: bits.toBytes(),
          ...(withDigests ? { digests } : {}),
        },
      }),
    getChunk: (_endpoint, { chunk }, into) => {
      if (!bits.has(chunk)) return Promise.reject(new PeerError("not held", 404));
      into.open().set(chunks[chunk] ?? []);
      return Promise.resolve({ peer: PEER });
    },
    requestRecheck: away,
  };
}

/** A server that has everything, and notes what it is asked for; `spoil` changes what it sends. */
function server(
  asked: WantedContent[],
  {
    isAllowed = true,
    spoil = (bytes: Uint8Array, _wanted: WantedContent) => bytes,
    onAsked = (_wanted: WantedContent) => {},
  } = {},
): ServerSource {
  return {
    peersAloneMs: 0,
    isAllowed: () => isAllowed,
    fetch: (_sha256, wanted, sizeBytes) => {
      asked.push(wanted);
      onAsked(wanted);
      const all = wanted === "digests"
        ? digests
        : content.subarray(wanted.chunk * CHUNK, (wanted.chunk + wanted.count) * CHUNK);
      assert.equal(all.length, sizeBytes);
      return Promise.resolve({ ok: true, bytes: spoil(new Uint8Array(all), wanted) });
    },
  };
}

async function start(
  root: TemporaryRoot,
  parts: Pick<DownloadOptions, "client" | "server">,
  onLog: (message: string) => void = () => {},
): Promise<{ download: Download; paths: SwarmPaths; origins: ChunkOrigins }> {
  const paths = new SwarmPaths(root.join("swarm"));
  const store = await BlobStore.open(paths);
  const benched = new Set<string>();
  const hasher = localHasher();
  const origins = new ChunkOrigins();
  const download = new Download({
    ...parts,
    entry,
    paths,
    store,
    hasher,
    origins,
    candidates: () => [PEER],
    onPeerFailure: () => {},
    onCorruption: (uuid) => benched.add(uuid),
    isBenched: (uuid) => benched.has(uuid),
    onProgress: () => {},
    checkDisk: () => Promise.resolve({ ok: true }),
    takeBandwidth: () => Promise.resolve(),
    memory: new ChunkMemory(),
    log: (_level, message) => onLog(message),
  });
  return { download, paths, origins };
}

Deno.test("without a peer everything comes from the server, several chunks at a time, and is accounted so", async () => {
  await using root = await TemporaryRoot.create();
  const asked: WantedContent[] = [];
  const { download, paths, origins } = await start(root, {
    client: client(),
    server: server(asked),
  });
  const result = await download.run(new AbortController().signal);
  assert.deepEqual(result, { kind: "complete" });
  assert.deepEqual(download.sources, { server: COUNT });
  assert.deepEqual(origins.tell(entry.sha256), {
    chunks: new Uint8Array(COUNT).fill(1),
    sources: ["server"],
  });
  assert.equal(sha256Hex(await Deno.readFile(paths.blob(entry.sha256))), entry.sha256);
  assert.equal(asked[0], "digests");
  assert.ok(asked.length < COUNT / 2, `${asked.length} calls for ${COUNT} chunks`);
  assert.ok(download.slowest.every(({ source }) => source === "server"));
});

Deno.test("the server is asked only for what no peer holds", async () => {
  await using root = await TemporaryRoot.create();
  const asked: WantedContent[] = [];
  const held = Array.from({ length: COUNT }, (_, chunk) => chunk).filter((chunk) => chunk !== 7);
  const source = { ...server(asked), peersAloneMs: 300 };
  const { download } = await start(root, { client: client(...held), server: source });
  assert.deepEqual(await download.run(new AbortController().signal), { kind: "complete" });
  assert.deepEqual(download.sources, { "web-2": COUNT - 1, server: 1 });
  assert.deepEqual(asked, [{ chunk: 7, count: 1 }]);
});

Deno.test("of what the server sends wrong nothing is kept, and it is not asked again in this attempt", async () => {
  await using root = await TemporaryRoot.create();
  const asked: WantedContent[] = [];
  const stop = new AbortController();
  const spoil = (bytes: Uint8Array, wanted: WantedContent) => {
    // The last byte of the first run of chunks.
    if (wanted !== "digests") bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    return bytes;
  };
  const spoilt = Promise.withResolvers<void>();
  const parts = { client: client(), server: server(asked, { spoil }) };
  const { download } = await start(root, parts, (message) => {
    if (message === "the server sent wrong bytes") spoilt.resolve();
  });
  const running = download.run(stop.signal);
  await spoilt.promise;
  const run = asked[1];
  assert.ok(run && run !== "digests");
  stop.abort();
  assert.deepEqual(await running, { kind: "cancelled" });
  assert.equal(asked.length, 2);
  assert.equal(download.partial?.chunks.has(run.chunk + run.count - 1), false);
});

Deno.test("a server that may not be asked is not, and a list of digests that is not the entry's begins nothing", async () => {
  await using root = await TemporaryRoot.create();
  const asked: WantedContent[] = [];
  const forbidden = await start(root, {
    client: client(),
    server: server(asked, { isAllowed: false }),
  });
  const stop = new AbortController();
  const running = forbidden.download.run(stop.signal);
  const spoil = (bytes: Uint8Array) => bytes.fill(0);
  const wrong: WantedContent[] = [];
  const isAsked = Promise.withResolvers<void>();
  const liar = server(wrong, { spoil, onAsked: () => isAsked.resolve() });
  const lying = await start(root, { client: client(), server: liar });
  const lied = lying.download.run(stop.signal);
  await isAsked.promise;
  stop.abort();
  await Promise.all([running, lied]);
  assert.deepEqual(asked, []);
  assert.deepEqual(wrong, ["digests"]);
  assert.equal(lying.download.partial, undefined);
});

Deno.test("who sent wrong bytes of the last chunks is told, and the blob does not wait for that", async () => {
  await using root = await TemporaryRoot.create();
  const honest = client(...Array.from({ length: COUNT }, (_, chunk) => chunk));
  const complaints: number[] = [];
  const answer = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  let left = COUNT;
  const lastIsWrong: DownloadOptions["client"] = {
    ...honest,
    getChunk: async (endpoint, asked, into, signal) => {
      const given = await honest.getChunk(endpoint, asked, into, signal);
      left -= 1;
      if (left === 0) into.open().fill(0);
      return given;
    },
    requestRecheck: async (_endpoint, _sha256, chunk) => {
      complaints.push(chunk);
      told.resolve();
      await answer.promise;
      return { peer: PEER, sound: true };
    },
  };
  // The wrong chunk then comes from the server, so that the blob is whole before the complaint is answered.
  const { download, paths } = await start(root, { client: lastIsWrong, server: server([]) });
  const running = download.run(new AbortController().signal);
  await told.promise;
  await eventually("the blob is whole", () => {
    return Deno.stat(paths.blob(entry.sha256)).then(({ isFile }) => isFile, () => false);
  });
  answer.resolve();
  assert.deepEqual(await running, { kind: "complete" });
  assert.equal(complaints.length, 1);
});

Deno.test("a server that never answers holds nothing up once peers have given everything", async () => {
  await using root = await TemporaryRoot.create();
  const isAsked = Promise.withResolvers<void>();
  const silent: ServerSource = {
    ...server([]),
    fetch: () => {
      isAsked.resolve();
      return new Promise(() => {});
    },
  };
  const all = Array.from({ length: COUNT }, (_, chunk) => chunk);
  const holding = client(...all);
  // The peer has the last chunk only once the server was asked for it.
  const late: DownloadOptions["client"] = {
    ...client(...all.slice(0, -1)),
    getChunk: holding.getChunk,
  };
  const bits = Bitmap.full(COUNT).toBytes();
  const { download } = await start(root, { client: late, server: silent });
  const running = download.run(new AbortController().signal);
  await isAsked.promise;
  download.noteHeld(PEER.uuid, bits);
  assert.deepEqual(await running, { kind: "complete" });
  assert.deepEqual(download.sources, { "web-2": COUNT });
});
