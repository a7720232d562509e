import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256Hex } from "../../../shared/crypto/sha256.ts";
import { chunkDigest, digestOfChunks } from "../../../shared/swarm/chunk_layout.ts";
import { manifestEntry } from "../../../shared/swarm/manifest_entry_fixture.ts";
import { TemporaryRoot } from "../../../tests/support/temporary_root.ts";
import { PartialBlob, PartialGoneError } from "./partial_blob.ts";
import { SwarmPaths } from "../swarm_paths.ts";

const CHUNK = 64 * 1024;

function blobOf(sizeBytes: number) {
  const content = new Uint8Array(sizeBytes).map((_, index) => index % 251);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < sizeBytes; at += CHUNK) chunks.push(content.subarray(at, at + CHUNK));
  const digests = new Uint8Array(chunks.flatMap((chunk) => [...chunkDigest(chunk)]));
  const entry = manifestEntry({
    sha256: sha256Hex(content),
    sizeBytes,
    chunkSizeBytes: CHUNK,
    chunksDigest: digestOfChunks(digests),
  });
  return { content, chunks, digests, entry };
}

async function store(root: TemporaryRoot): Promise<SwarmPaths> {
  const paths = new SwarmPaths(root.path);
  await Deno.mkdir(paths.blobs);
  return paths;
}

Deno.test("chunks written in any order become the blob", async () => {
  await using root = await TemporaryRoot.create();
  const paths = await store(root);
  const { content, chunks, digests, entry } = blobOf(3 * CHUNK + 5);
  const partial = await PartialBlob.open(paths, entry, digests);
  for (const index of [3, 1, 0, 2]) {
    const bytes = chunks[index] ?? new Uint8Array();
    assert.equal(partial.verify(index, bytes), true);
    await partial.write(index, bytes);
  }
  assert.equal(partial.chunks.isFull, true);
  await partial.complete();
  assert.deepEqual(await Deno.readFile(paths.blob(entry.sha256)), content);
  await assert.rejects(Deno.stat(paths.partial(entry.sha256)), Deno.errors.NotFound);
});

Deno.test("after a crash the chunks that were synced are there, and no others are claimed", async () => {
  await using root = await TemporaryRoot.create();
  const paths = await store(root);
  const { chunks, digests, entry } = blobOf(4 * CHUNK);
  const before = await PartialBlob.open(paths, entry, digests);
  await before.write(2, chunks[2] ?? new Uint8Array());
  await before.sync();
  const bitmap = join(paths.partial(entry.sha256), "bitmap");
  const synced = await Deno.readFile(bitmap);
  await before.write(0, chunks[0] ?? new Uint8Array());
  await before.park();
  // What a kill before the second sync leaves behind.
  await Deno.writeFile(bitmap, synced);
  const after = await PartialBlob.open(paths, entry, digests);
  assert.deepEqual([0, 1, 2, 3].filter((index) => after.chunks.has(index)), [2]);
  await after.discard();
});

Deno.test("a crash before the first sync begins the download anew, whatever bits an earlier one left", async () => {
  await using root = await TemporaryRoot.create();
  const paths = await store(root);
  const { chunks, digests, entry } = blobOf(2 * CHUNK);
  const before = await PartialBlob.open(paths, entry, digests);
  await before.write(1, chunks[1] ?? new Uint8Array());
  await before.park();
  await Deno.remove(join(paths.partial(entry.sha256), "digests"));
  const killed = await PartialBlob.open(paths, entry, digests);
  assert.equal(killed.chunks.count, 0);
  await assert.rejects(
    Deno.stat(join(paths.partial(entry.sha256), "bitmap")),
    Deno.errors.NotFound,
  );
  await killed.discard();
});

Deno.test("a folder that is gone when the blob is whole is told as such", async () => {
  await using root = await TemporaryRoot.create();
  const paths = await store(root);
  const { chunks: [bytes = new Uint8Array()], digests, entry } = blobOf(CHUNK);
  const partial = await PartialBlob.open(paths, entry, digests);
  await partial.write(0, bytes);
  await Deno.remove(paths.partial(entry.sha256), { recursive: true });
  await assert.rejects(partial.complete(), PartialGoneError);
  await partial.discard();
});

Deno.test("a damaged digest list or bitmap begins the download anew instead of trusting it", async () => {
  for (const damaged of ["digests", "bitmap"]) {
    await using root = await TemporaryRoot.create();
    const paths = await store(root);
    const { chunks, digests, entry } = blobOf(2 * CHUNK);
    const before = await PartialBlob.open(paths, entry, digests);
    await before.write(1, chunks[1] ?? new Uint8Array());
    await before.park();
    await Deno.writeFile(join(paths.partial(entry.sha256), damaged), new Uint8Array([0xff, 1, 2]));
    const after = await PartialBlob.open(paths, entry, digests);
    assert.equal(after.chunks.count, 0, damaged);
    await after.discard();
  }
});

Deno.test("a folder that somebody removed is told at the next sync, and to whoever writes after it", async () => {
  await using root = await TemporaryRoot.create();
  const paths = await store(root);
  const { chunks: [bytes = new Uint8Array()], digests, entry } = blobOf(2 * CHUNK);
  const partial = await PartialBlob.open(paths, entry, digests);
  await partial.write(0, bytes);
  await Deno.remove(paths.partial(entry.sha256), { recursive: true });
  await assert.rejects(partial.sync(), PartialGoneError);
  await partial.discard();
});

Deno.test("a bit that flipped on disk is found and its chunk fetched again", async () => {
  await using root = await TemporaryRoot.create();
  const paths = await store(root);
  const { content, chunks, digests, entry } = blobOf(2 * CHUNK);
  const partial = await PartialBlob.open(paths, entry, digests);
  for (const [index, bytes] of chunks.entries()) await partial.write(index, bytes);
  const damaged = content.slice();
  damaged[CHUNK + 7] = (damaged[CHUNK + 7] ?? 0) ^ 1;
  await Deno.writeFile(partial.dataPath, damaged);
  assert.equal(await partial.verifyAll(), 1);
  assert.deepEqual([partial.chunks.has(0), partial.chunks.has(1)], [true, false]);
  await partial.discard();
});

Deno.test("wrong bytes are told from right ones", async () => {
  await using root = await TemporaryRoot.create();
  const paths = await store(root);
  const { chunks, digests, entry } = blobOf(2 * CHUNK);
  const partial = await PartialBlob.open(paths, entry, digests);
  assert.equal(partial.verify(0, chunks[1] ?? new Uint8Array()), false);
  await partial.discard();
});

Deno.test("a chunk that somebody complained about is read again and kept only if it is right", async () => {
  await using root = await TemporaryRoot.create();
  const paths = await store(root);
  const { content, chunks, digests, entry } = blobOf(2 * CHUNK);
  const partial = await PartialBlob.open(paths, entry, digests);
  for (const [index, bytes] of chunks.entries()) await partial.write(index, bytes);
  const damaged = content.slice();
  damaged.fill(255, CHUNK, CHUNK + 9);
  await Deno.writeFile(partial.dataPath, damaged);
  assert.equal(await partial.recheck(0), true);
  assert.equal(await partial.recheck(1), false);
  assert.equal(await partial.recheck(1), false);
  await partial.park();
  const after = await PartialBlob.open(paths, entry, digests);
  assert.deepEqual([after.chunks.has(0), after.chunks.has(1)], [true, false]);
  await after.discard();
});

Deno.test("a blob is begun also where somebody removed the folder of all blobs", async () => {
  await using root = await TemporaryRoot.create();
  const paths = await store(root);
  await Deno.remove(paths.blobs);
  const { content, digests, entry } = blobOf(5);
  const partial = await PartialBlob.open(paths, entry, digests);
  await partial.write(0, content);
  await partial.complete();
  assert.deepEqual(await Deno.readFile(paths.blob(entry.sha256)), content);
});

Deno.test("a blob whose digests cannot be written does not take its place", async () => {
  await using root = await TemporaryRoot.create();
  const paths = await store(root);
  const { content, digests, entry } = blobOf(5);
  // A folder in the way makes the write fail.
  await Deno.mkdir(join(paths.digests(entry.sha256), "occupied"), { recursive: true });
  const partial = await PartialBlob.open(paths, entry, digests);
  await partial.write(0, content);
  await assert.rejects(partial.complete());
  await assert.rejects(Deno.stat(paths.blob(entry.sha256)), Deno.errors.NotFound);
  await partial.park();
  const again = await PartialBlob.open(paths, entry, digests);
  assert.equal(again.chunks.isFull, true);
  await again.discard();
});
