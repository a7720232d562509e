import assert from "node:assert/strict";
import { TemporaryRoot } from "./temporary_root.ts";

Deno.test("the folder is gone after its scope, read-only folders included", async () => {
  let path: string;
  {
    await using root = await TemporaryRoot.create();
    path = root.path;
    await Deno.mkdir(root.join("live", "roles"), { recursive: true });
    await Deno.writeTextFile(root.join("live", "roles", "web.vgo"), "");
    await Deno.chmod(root.join("live", "roles"), 0o500);
    await Deno.chmod(root.join("live"), 0o500);
  }
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
});
