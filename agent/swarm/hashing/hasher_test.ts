import assert from "node:assert/strict";
import { sha256Hex } from "../../../shared/crypto/sha256.ts";
import { chunkDigest } from "../../../shared/swarm/chunk_layout.ts";
import { TemporaryRoot } from "../../../tests/support/temporary_root.ts";
import { localHasher } from "./local_hasher.ts";

/** A hasher of this thread; `ended` counts how often its worker was let go. */
function makeHasher() {
  const ended = { count: 0 };
  const hasher = localHasher(() => ended.count += 1);
  return { hasher, ended };
}

Deno.test("one pass over a file gives its SHA-256 and its chunk digests", async () => {
  await using root = await TemporaryRoot.create();
  const content = new Uint8Array(300_001).map((_, index) => index % 253);
  await Deno.writeFile(root.join("file"), content);
  const { hasher, ended } = makeHasher();
  const { sizeBytes, sha256, digests } = await hasher.scan(root.join("file"), 100_000);
  assert.equal(sizeBytes, 300_001);
  assert.equal(sha256, sha256Hex(content));
  assert.equal(digests.length, 4 * 64);
  assert.deepEqual(
    digests.subarray(192),
    new Uint8Array(chunkDigest(content.subarray(300_000))),
  );
  assert.equal(ended.count, 1);
});

Deno.test("a file that is still being filled is hashed along its finished part", async () => {
  await using root = await TemporaryRoot.create();
  const content = new Uint8Array(200_000).map((_, index) => index % 251);
  await Deno.writeFile(root.join("file"), content.subarray(0, 100_000));
  const { hasher } = makeHasher();
  const prefix = hasher.follow(root.join("file"));
  prefix.advance(100_000);
  await Deno.writeFile(root.join("file"), content);
  prefix.advance(200_000);
  assert.equal(await prefix.finish(), sha256Hex(content));
});

Deno.test("a file that cannot be read fails the job and not the worker", async () => {
  await using root = await TemporaryRoot.create();
  await Deno.writeFile(root.join("file"), new Uint8Array(1));
  const { hasher } = makeHasher();
  await assert.rejects(hasher.scan(root.join("missing"), 1024), /Cannot hash/);
  assert.equal((await hasher.scan(root.join("file"), 1024)).sizeBytes, 1);
});

Deno.test("stopping fails what was asked instead of leaving it waiting", async () => {
  await using root = await TemporaryRoot.create();
  await Deno.writeFile(root.join("file"), new Uint8Array(1));
  const { hasher } = makeHasher();
  const scan = hasher.scan(root.join("file"), 1024);
  hasher.stop();
  await assert.rejects(scan, /hashing was stopped/);
});

Deno.test("one worker hashes many small files, one after the other", async () => {
  await using root = await TemporaryRoot.create();
  await Deno.writeFile(root.join("file"), new Uint8Array(1));
  let ended = 0;
  const hasher = localHasher(() => ended += 1, 600_000);
  for (let count = 0; count < 3; count += 1) await hasher.scan(root.join("file"), 1024);
  assert.equal(ended, 0);
  hasher.stop();
  assert.equal(ended, 1);
});

Deno.test("a worker without a job for long enough is let go", async () => {
  await using root = await TemporaryRoot.create();
  await Deno.writeFile(root.join("file"), new Uint8Array(1));
  const { promise, resolve } = Promise.withResolvers<void>();
  const hasher = localHasher(resolve, 10);
  await hasher.scan(root.join("file"), 1024);
  await promise;
});
