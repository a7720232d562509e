import assert from "node:assert/strict";
import { rootPaths } from "../shared/platform/root_paths.ts";
import { TemporaryRoot } from "../tests/support/temporary_root.ts";
import { prepareRoot, serverFolders } from "./prepare_root.ts";

async function modeOf(path: string): Promise<string> {
  return (((await Deno.stat(path)).mode ?? 0) & 0o777).toString(8);
}

Deno.test("the first start makes the folders, and only the server sees into those that hold secrets", async () => {
  await using root = await TemporaryRoot.create();
  const folders = serverFolders(rootPaths(root.path));
  await prepareRoot(folders);
  const { base, stacks, versions, dist, tls, db, secrets } = folders;
  for (const folder of [base, stacks, versions, dist, tls]) {
    assert.equal(await modeOf(folder), "755", folder);
  }
  for (const folder of [db, secrets]) assert.equal(await modeOf(folder), "700", folder);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(db)), []);
});

Deno.test("a later start leaves what is there, and closes the secrets again", async () => {
  await using root = await TemporaryRoot.create();
  const folders = serverFolders(rootPaths(root.path));
  await prepareRoot(folders);
  await Deno.chmod(folders.stacks, 0o775);
  await Deno.chmod(folders.secrets, 0o755);
  await Deno.writeTextFile(`${folders.stacks}/roles.vgo`, "roles: {}\n");
  await prepareRoot(folders);
  assert.equal(await modeOf(folders.stacks), "775");
  assert.equal(await modeOf(folders.secrets), "700");
  assert.equal(await Deno.readTextFile(`${folders.stacks}/roles.vgo`), "roles: {}\n");
});

Deno.test("a file in the way of a folder is named", async () => {
  await using root = await TemporaryRoot.create();
  const folders = serverFolders(rootPaths(root.path));
  await Deno.mkdir(folders.base, { recursive: true });
  await Deno.writeTextFile(folders.db, "");
  await assert.rejects(prepareRoot(folders), (error: Error) => {
    assert.ok(error.message.startsWith(`Cannot use folder "${folders.db}": `), error.message);
    assert.equal(error.message.includes("\n"), false);
    return true;
  });
});
