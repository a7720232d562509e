import assert from "node:assert/strict";
import { TemporaryRoot } from "../../../tests/support/temporary_root.ts";
import { SwarmPaths } from "../swarm_paths.ts";
import { completeBlobs, removeDanglingLinks, removeStalePartials } from "./stale_partials.ts";

const WHOLE = "ab".repeat(32);
const SEEDED = "cd".repeat(32);
const IN_FLIGHT = "ef".repeat(32);
const GONE = "01".repeat(32);

Deno.test("without an engine, finished downloads leave nothing, and links that lead somewhere stay", async () => {
  await using root = await TemporaryRoot.create();
  const paths = new SwarmPaths(root.path);
  for (const folder of [paths.blobs, paths.files, paths.seed]) await Deno.mkdir(folder);
  await Deno.writeTextFile(paths.blob(WHOLE), "whole");
  await Deno.writeTextFile(paths.seedFile("seed.bin"), "seed");
  await Deno.symlink("../seed/seed.bin", paths.blob(SEEDED));
  await Deno.symlink("../seed/gone.bin", paths.blob(GONE));
  for (const sha256 of [WHOLE, SEEDED, IN_FLIGHT, GONE]) {
    await Deno.mkdir(paths.partial(sha256));
    await Deno.writeTextFile(`${paths.partial(sha256)}/data`, "part");
  }
  await Deno.symlink(`../.blobs/${WHOLE}`, `${paths.files}/whole.bin`);
  await Deno.symlink(`../.blobs/${IN_FLIGHT}`, `${paths.files}/later.bin`);
  await Deno.writeTextFile(`${paths.files}/by-hand`, "a person's");

  const complete = completeBlobs(paths);
  assert.deepEqual(complete.sort(), [WHOLE, SEEDED].sort());
  assert.deepEqual(removeStalePartials(paths, complete), { stalePartials: 2, errors: 0 });
  assert.deepEqual(removeDanglingLinks(paths), { danglingLinks: 2, errors: 0 });
  const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  assert.deepEqual(names(paths.files), ["by-hand", "whole.bin"]);
  assert.deepEqual(
    names(paths.blobs),
    [`${GONE}.partial`, SEEDED, WHOLE, `${IN_FLIGHT}.partial`].sort(),
  );

  assert.deepEqual(removeStalePartials(paths, completeBlobs(paths)), {
    stalePartials: 0,
    errors: 0,
  });
  assert.deepEqual(removeDanglingLinks(paths), { danglingLinks: 0, errors: 0 });
});

Deno.test("a machine that never took part has nothing to clean", () => {
  const paths = new SwarmPaths("/nowhere/at/all");
  assert.deepEqual(completeBlobs(paths), []);
  assert.deepEqual(removeDanglingLinks(paths), { danglingLinks: 0, errors: 0 });
});
