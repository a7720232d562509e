import assert from "node:assert/strict";
import { sha256Hex } from "../../../shared/crypto/sha256.ts";
import { chunkDigest, digestOfChunks } from "../../../shared/swarm/chunk_layout.ts";
import { manifestEntry } from "../../../shared/swarm/manifest_entry_fixture.ts";
import { TemporaryRoot } from "../../../tests/support/temporary_root.ts";
import { SwarmPaths } from "../swarm_paths.ts";
import { BlobStore } from "./blob_store.ts";
import { PartialBlob } from "./partial_blob.ts";

const CHUNK = 64 * 1024;
const CONTENT = new Uint8Array(2 * CHUNK).map((_, index) => index % 251);
const DIGESTS = new Uint8Array(
  [0, 1].flatMap((chunk) => [...chunkDigest(CONTENT.subarray(chunk * CHUNK, (chunk + 1) * CHUNK))]),
);
const ENTRY = manifestEntry({
  sha256: sha256Hex(CONTENT),
  sizeBytes: CONTENT.length,
  chunkSizeBytes: CHUNK,
  chunksDigest: digestOfChunks(DIGESTS),
});
const RECORD = { stamp: 1, sources: { "db-1": 2 }, activeDownloadMs: 5, completedMs: 9 };

/** A store that holds the blob as a whole. */
async function withBlob(root: TemporaryRoot) {
  const paths = new SwarmPaths(root.path);
  const store = await BlobStore.open(paths);
  await Deno.writeFile(paths.blob(ENTRY.sha256), CONTENT);
  await store.keepDigests(ENTRY.sha256, DIGESTS);
  await store.add(ENTRY.sha256, RECORD);
  return { paths, store };
}

Deno.test("a blob with a damaged chunk becomes one in flight that lacks only this chunk", async () => {
  await using root = await TemporaryRoot.create();
  const { paths, store } = await withBlob(root);
  await store.demote(ENTRY, 1);
  assert.equal(store.get(ENTRY.sha256), undefined);
  const partial = await PartialBlob.open(paths, ENTRY, DIGESTS);
  assert.deepEqual([partial.chunks.has(0), partial.chunks.has(1)], [true, false]);
  await partial.write(1, CONTENT.subarray(CHUNK));
  await partial.complete();
  assert.deepEqual(await Deno.readFile(paths.blob(ENTRY.sha256)), CONTENT);
  assert.equal((await store.readRecord(ENTRY.sha256))?.completedMs, undefined);
});

Deno.test("a crash before the content was moved leaves the blob and nothing half done", async () => {
  await using root = await TemporaryRoot.create();
  const { paths, store } = await withBlob(root);
  await store.demote(ENTRY, 1);
  await Deno.rename(`${paths.partial(ENTRY.sha256)}/data`, paths.blob(ENTRY.sha256));
  const reopened = await BlobStore.open(paths);
  assert.equal(reopened.get(ENTRY.sha256)?.path, paths.blob(ENTRY.sha256));
  await assert.rejects(Deno.stat(paths.partial(ENTRY.sha256)), Deno.errors.NotFound);
});

Deno.test("a blob that is not here cannot lose a chunk", async () => {
  await using root = await TemporaryRoot.create();
  const paths = new SwarmPaths(root.path);
  const store = await BlobStore.open(paths);
  await store.demote(ENTRY, 0);
  await assert.rejects(Deno.stat(paths.partial(ENTRY.sha256)), Deno.errors.NotFound);
});

Deno.test("a blob whose file somebody removed is forgotten, and one that is there is not", async () => {
  await using root = await TemporaryRoot.create();
  const { paths, store } = await withBlob(root);
  assert.deepEqual(await store.dropMissing(), []);
  assert.equal(store.size, 1);
  await Deno.remove(paths.blob(ENTRY.sha256));
  assert.deepEqual(await store.dropMissing(), [ENTRY.sha256]);
  assert.equal(store.get(ENTRY.sha256), undefined);
  await assert.rejects(Deno.stat(paths.sources(ENTRY.sha256)), Deno.errors.NotFound);
});

Deno.test("a blob is held also when a loss of power cut short what was noted about it", async () => {
  await using root = await TemporaryRoot.create();
  const { paths } = await withBlob(root);
  for (const cut of ["", JSON.stringify(RECORD).slice(0, 9)]) {
    await Deno.writeTextFile(paths.sources(ENTRY.sha256), cut);
    const reopened = await BlobStore.open(paths);
    assert.deepEqual(reopened.get(ENTRY.sha256)?.record.sources, {});
    assert.equal(await reopened.readRecord(ENTRY.sha256), undefined);
  }
});

Deno.test("a blob that was cut short is one in flight that keeps its sound chunks, also after a restart", async () => {
  await using root = await TemporaryRoot.create();
  const { paths } = await withBlob(root);
  await Deno.truncate(paths.blob(ENTRY.sha256), CHUNK + 1);
  const store = await BlobStore.open(paths);
  assert.deepEqual(await store.demoteMisfits(() => undefined), []);
  assert.deepEqual(await (await BlobStore.open(paths)).demoteMisfits(() => ENTRY), [ENTRY.sha256]);
  const partial = await PartialBlob.open(paths, ENTRY, DIGESTS);
  assert.deepEqual([partial.chunks.has(0), partial.chunks.has(1)], [true, false]);
  await partial.discard();
});

Deno.test("a blob whose size changes while the store is open is noticed, and one of the right size stays", async () => {
  await using root = await TemporaryRoot.create();
  const { paths, store } = await withBlob(root);
  assert.deepEqual(await store.demoteMisfits(() => ENTRY), []);
  assert.equal(store.size, 1);
  await Deno.writeFile(paths.blob(ENTRY.sha256), new Uint8Array(1), { append: true });
  assert.deepEqual(await store.demoteMisfits(() => ENTRY), [ENTRY.sha256]);
  assert.equal(store.get(ENTRY.sha256), undefined);
  const partial = await PartialBlob.open(paths, ENTRY, DIGESTS);
  assert.ok(partial.chunks.isFull);
  await partial.complete();
  assert.deepEqual(await Deno.readFile(paths.blob(ENTRY.sha256)), CONTENT);
});

Deno.test("a blob of the wrong size whose digests are lost is fetched anew as a whole", async () => {
  await using root = await TemporaryRoot.create();
  const { paths, store } = await withBlob(root);
  await Deno.truncate(paths.blob(ENTRY.sha256), 5);
  await Deno.remove(paths.digests(ENTRY.sha256));
  assert.deepEqual(await store.demoteMisfits(() => ENTRY), [ENTRY.sha256]);
  await assert.rejects(Deno.stat(paths.blob(ENTRY.sha256)), Deno.errors.NotFound);
});

Deno.test("a complaint about one chunk of a blob that was cut short lets go of all that is missing", async () => {
  await using root = await TemporaryRoot.create();
  const { paths, store } = await withBlob(root);
  await Deno.truncate(paths.blob(ENTRY.sha256), 0);
  await Promise.all([store.demote(ENTRY, 0), store.demote(ENTRY, 1)]);
  const partial = await PartialBlob.open(paths, ENTRY, DIGESTS);
  assert.equal(partial.chunks.count, 0);
  await partial.discard();
});
