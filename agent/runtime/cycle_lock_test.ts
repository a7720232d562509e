import assert from "node:assert/strict";
import { FileLock, LockHeldError } from "./cycle_lock.ts";

Deno.test("a second one learns who holds the lock, and gets it when the first lets go", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/cycle.lock`;
    const holder = { pid: Deno.pid, what: "vigo run --once", sinceMs: 0 };
    {
      using _first = await FileLock.take(path, holder);
      await assert.rejects(
        FileLock.take(path, { ...holder, pid: 8 }),
        (error) =>
          error instanceof LockHeldError &&
          error.message.includes(`vigo run --once (pid ${Deno.pid})`) &&
          error.message.includes("1970"),
      );
    }
    using _second = await FileLock.take(path, { pid: 8, what: "vigo daemon", sinceMs: 1 });
    assert.equal(JSON.parse(await Deno.readTextFile(path)).pid, 8);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("nobody but the agent's user can open a lock file, not even one that was left open", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/cycle.lock`;
    await Deno.writeTextFile(path, "");
    await Deno.chmod(path, 0o644);
    for (const what of ["an existing file", "a new file"]) {
      using _lock = await FileLock.take(path, { pid: Deno.pid, what: "vigo", sinceMs: 0 });
      assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600, what);
      await Deno.remove(path);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a process that has ended is not blamed for a lock that somebody else holds", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/cycle.lock`;
    const ended = new Deno.Command("true").spawn();
    await ended.status;
    const holder = { pid: ended.pid, what: "vigo run --once", sinceMs: 0 };
    using _lock = await FileLock.take(path, holder);
    await assert.rejects(FileLock.take(path, holder), /^LockHeldError: another process holds it/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
