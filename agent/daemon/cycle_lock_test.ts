import assert from "node:assert/strict";
import { FileLock, LockHeldError } from "./cycle_lock.ts";

Deno.test("a second one learns who holds the lock, and gets it when the first lets go", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/cycle.lock`;
    const holder = { pid: 7, what: "vigo run --once", sinceMs: 0 };
    {
      using _first = await FileLock.take(path, holder);
      await assert.rejects(
        FileLock.take(path, { ...holder, pid: 8 }),
        (error) =>
          error instanceof LockHeldError && /vigo run --once \(pid 7\).*1970/.test(error.message),
      );
    }
    using _second = await FileLock.take(path, { pid: 8, what: "vigo daemon", sinceMs: 1 });
    assert.equal(JSON.parse(await Deno.readTextFile(path)).pid, 8);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
