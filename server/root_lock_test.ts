import assert from "node:assert/strict";
import { TemporaryRoot } from "../tests/support/temporary_root.ts";
import { lockRoot } from "./root_lock.ts";

Deno.test("a second server on a root is refused with the holder's pid, until the first has ended", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("vigosrv.lock");
  {
    using _held = await lockRoot(path);
    await assert.rejects(
      lockRoot(path),
      new RegExp(`another vigosrv .*\\(pid ${Deno.pid}, since `),
    );
  }
  using _again = await lockRoot(path);
});

Deno.test("what a crashed server left in the lock file holds nobody up", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("vigosrv.lock");
  await Deno.writeTextFile(path, `pid 1, since ${"9".repeat(500)}\n`);
  {
    using _held = await lockRoot(path);
  }
  assert.match(await Deno.readTextFile(path), new RegExp(`^pid ${Deno.pid}, since \\S+\\n$`));
});
