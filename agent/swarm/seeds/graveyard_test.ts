import assert from "node:assert/strict";
import { sha256Hex } from "../../../shared/crypto/sha256.ts";
import { TemporaryRoot } from "../../../tests/support/temporary_root.ts";
import { SwarmPaths } from "../swarm_paths.ts";
import { bury, buryBlob, clearGraves, exhume } from "./graveyard.ts";

const SHA = sha256Hex("content");

/** A folder with one seed in it. */
async function withSeed(root: TemporaryRoot): Promise<SwarmPaths> {
  const paths = new SwarmPaths(root.path);
  for (const folder of [paths.seed, paths.graveyard, paths.blobs]) await Deno.mkdir(folder);
  await Deno.writeTextFile(paths.seedFile("app.tar"), "content");
  await Deno.writeTextFile(paths.seedFile("app.tar.swarm"), "{}");
  return paths;
}

async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

/** What a hasher would find in a file of small text. */
async function scan(path: string) {
  const content = await Deno.readFile(path);
  return { sizeBytes: content.length, sha256: sha256Hex(content), digests: new Uint8Array() };
}

Deno.test("a revoked seed comes back from the graveyard as a blob", async () => {
  await using root = await TemporaryRoot.create();
  const paths = await withSeed(root);
  await bury(paths, "app.tar", SHA);
  assert.deepEqual(await names(paths.seed), []);
  assert.deepEqual(await names(paths.graveyard), [SHA, `${SHA}.swarm`]);
  assert.equal(await exhume(paths, SHA, scan, () => Promise.resolve()), true);
  assert.equal(await Deno.readTextFile(paths.blob(SHA)), "content");
  assert.deepEqual(await names(paths.graveyard), []);
});

Deno.test("what somebody changed in the graveyard is thrown away instead of used", async () => {
  await using root = await TemporaryRoot.create();
  const paths = await withSeed(root);
  await bury(paths, "app.tar", SHA);
  await Deno.writeTextFile(`${paths.graveyard}/${SHA}`, "contenx");
  assert.equal(await exhume(paths, SHA, scan, () => Promise.resolve()), false);
  assert.deepEqual(await names(paths.graveyard), []);
  assert.deepEqual(await names(paths.blobs), []);
});

Deno.test("what was never buried cannot be taken back", async () => {
  await using root = await TemporaryRoot.create();
  const paths = await withSeed(root);
  assert.equal(await exhume(paths, SHA, scan, () => Promise.resolve()), false);
});

Deno.test("a blob that is buried counts its days from then, and comes back as it was", async () => {
  await using root = await TemporaryRoot.create();
  const paths = await withSeed(root);
  await Deno.writeTextFile(paths.blob(SHA), "content");
  await Deno.utime(paths.blob(SHA), new Date(0), new Date(0));
  await buryBlob(paths, SHA);
  assert.deepEqual(await names(paths.blobs), []);
  await clearGraves(paths, Date.now(), 60_000);
  assert.equal(await exhume(paths, SHA, scan, () => Promise.resolve()), true);
  assert.equal(await Deno.readTextFile(paths.blob(SHA)), "content");
});

Deno.test("the graveyard counts from the burial, however old the file was", async () => {
  await using root = await TemporaryRoot.create();
  const paths = await withSeed(root);
  await Deno.utime(paths.seedFile("app.tar"), 1, 1);
  await Deno.utime(paths.seedFile("app.tar.swarm"), 1, 1);
  await bury(paths, "app.tar", SHA);
  const nowMs = Date.now();
  await clearGraves(paths, nowMs, 60_000);
  assert.deepEqual(await names(paths.graveyard), [SHA, `${SHA}.swarm`]);
  await clearGraves(paths, nowMs + 120_000, 60_000);
  assert.deepEqual(await names(paths.graveyard), []);
});
