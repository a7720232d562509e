import assert from "node:assert/strict";
import { TemporaryRoot } from "../../../tests/support/temporary_root.ts";
import { SwarmPaths } from "../swarm_paths.ts";
import { clearLeftovers, findLeftovers, type LeftoverFacts } from "./leftovers.ts";

const DAY_MS = 86_400_000;
const SHA = "a".repeat(64);
const UNSAID: LeftoverFacts = {
  isUsed: () => false,
  isLive: () => false,
  isRevoked: () => false,
};

Deno.test("digests and sources stay as long as their blob is used, lies there or is in flight", () => {
  const beside = [`${SHA}.digests`, `${SHA}.sources`];
  assert.deepEqual(findLeftovers(beside, UNSAID).certain, beside);
  assert.deepEqual(findLeftovers(beside, { ...UNSAID, isUsed: () => true }).certain, []);
  assert.deepEqual(findLeftovers([...beside, SHA], UNSAID).certain, []);
  assert.deepEqual(findLeftovers([...beside, `${SHA}.partial`], UNSAID).certain, []);
});

Deno.test("of a revoked download that broke off nothing stays, unless it is under way", () => {
  const names = [`${SHA}.partial`, `${SHA}.sources`];
  const revoked = { ...UNSAID, isRevoked: () => true };
  assert.deepEqual(findLeftovers(names, revoked).certain, names);
  assert.deepEqual(findLeftovers(names, { ...revoked, isUsed: () => true }).certain, []);
});

Deno.test("a live download that broke off stays, and other names are nobody's business", () => {
  const names = [`${SHA}.partial`, "evicted.json", ".tmp-1", "notes.digests"];
  assert.deepEqual(findLeftovers(names, { ...UNSAID, isLive: () => true }), {
    certain: [],
    doubtful: [],
  });
});

Deno.test("a download of which nobody speaks any more goes after a week", async () => {
  await using root = await TemporaryRoot.create();
  const paths = new SwarmPaths(root.path);
  await Deno.mkdir(paths.partial(SHA), { recursive: true });
  await clearLeftovers(paths, UNSAID, Date.now() + 6 * DAY_MS);
  await Deno.lstat(paths.partial(SHA));
  await clearLeftovers(paths, UNSAID, Date.now() + 8 * DAY_MS);
  await assert.rejects(Deno.lstat(paths.partial(SHA)), Deno.errors.NotFound);
});

Deno.test("the link to a seed that is gone keeps nothing", async () => {
  await using root = await TemporaryRoot.create();
  const paths = new SwarmPaths(root.path);
  await Deno.mkdir(paths.blobs);
  await Deno.symlink("../seed/app.tar", paths.blob(SHA));
  await Deno.writeTextFile(paths.digests(SHA), "digests");
  await clearLeftovers(paths, UNSAID, Date.now());
  await assert.rejects(Deno.lstat(paths.digests(SHA)), Deno.errors.NotFound);
});
