import assert from "node:assert/strict";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { publishFilesWithin } from "./publish_files.ts";

Deno.test("a file is replaced by way of the versions' folder, and nothing is left there", async () => {
  await using root = await TemporaryRoot.create();
  const versions = root.join(".versions");
  await Deno.mkdir(versions);
  const files = publishFilesWithin(versions);
  const live = root.join(".live");
  const encode = (text: string) => new TextEncoder().encode(text);
  await files.writeFile(live, encode("old"), 0o644);
  await files.writeFile(live, encode("new"), 0o644);
  assert.equal(await Deno.readTextFile(live), "new");
  assert.deepEqual(await Array.fromAsync(Deno.readDir(versions)), []);
});
