import assert from "node:assert/strict";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { FileSnapshotStore, SNAPSHOTS_PER_PATH } from "./snapshot_store.ts";

function openStore(machine: TemporaryMachine): FileSnapshotStore {
  let clock = 1_000;
  const folder = machine.root.join("var/lib/vigo/snapshots");
  return new FileSnapshotStore(machine.files, folder, machine.self, () => clock++);
}

Deno.test("the newest five contents of a path are kept, with owner, mode and run", async () => {
  await using machine = await TemporaryMachine.create();
  const store = openStore(machine), path = machine.root.join("motd");
  const runs: string[] = [];
  for (let version = 0; version < SNAPSHOTS_PER_PATH + 2; version++) {
    await Deno.writeTextFile(path, `version ${version}`);
    const runId = crypto.randomUUID();
    runs.unshift(runId);
    await store.keep(runId, path);
  }
  const kept = await store.list(path);
  assert.deepEqual(kept.map(({ runId }) => runId), runs.slice(0, SNAPSHOTS_PER_PATH));
  const [newest] = kept;
  assert.equal(await Deno.readTextFile(newest?.contentPath ?? ""), "version 6");
  assert.equal(((await Deno.lstat(newest?.contentPath ?? "")).mode ?? 0) & 0o777, 0o600);
  assert.deepEqual([newest?.path, newest?.uid, newest?.sizeBytes], [path, machine.self.uid, 9]);
});

Deno.test("a missing file and a link are nothing to keep", async () => {
  await using machine = await TemporaryMachine.create();
  const store = openStore(machine), path = machine.root.join("link");
  await Deno.symlink("/etc/passwd", path);
  await store.keep(crypto.randomUUID(), path);
  await store.keep(crypto.randomUUID(), machine.root.join("missing"));
  assert.deepEqual(await store.list(path), []);
});

Deno.test("content without its description, as a crash leaves it, goes with the next snapshot", async () => {
  await using machine = await TemporaryMachine.create();
  const store = openStore(machine), path = machine.root.join("motd");
  await Deno.writeTextFile(path, "one");
  await store.keep(crypto.randomUUID(), path);
  const [kept] = await store.list(path);
  const stray = `${kept?.contentPath.replace(/[^/]+$/, "")}000000000000000-x.content`;
  await Deno.writeTextFile(stray, "half");
  await store.keep(crypto.randomUUID(), path);
  assert.equal(await machine.files.inspect(stray), undefined);
  assert.equal((await store.list(path)).length, 2);
});
