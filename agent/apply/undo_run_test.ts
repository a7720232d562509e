import assert from "node:assert/strict";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { FileSnapshotStore } from "./snapshot_store.ts";
import { planUndo, undoSteps } from "./undo_run.ts";

const FIRST = "11111111-0000-4000-8000-000000000000";
const SECOND = "22222222-0000-4000-8000-000000000000";
const UNDO = "33333333-0000-4000-8000-000000000000";

/** A machine on which runs overwrite files, each time keeping what was there. */
class Rig implements AsyncDisposable {
  readonly store: FileSnapshotStore;
  /** Files that a secret was written to. */
  readonly traced = new Set<string>();
  #nowMs = 1_000;

  private constructor(readonly machine: TemporaryMachine) {
    const folder = machine.root.join("var/lib/vigo/snapshots");
    this.store = new FileSnapshotStore(machine.files, folder, machine.self, () => this.#nowMs++);
  }

  static async create(): Promise<Rig> {
    return new Rig(await TemporaryMachine.create());
  }

  path(name: string): string {
    return this.machine.root.join(name);
  }

  async overwrite(runId: string, name: string, content: string | undefined): Promise<void> {
    await this.store.keep(runId, this.path(name));
    if (content === undefined) await Deno.remove(this.path(name));
    else await Deno.writeTextFile(this.path(name), content);
  }

  plan(runId: string) {
    return planUndo(runId, this.store, this.machine.files);
  }

  async undo(runId: string, force = false): Promise<Record<string, string>> {
    const { store, machine: { files } } = this;
    const steps = await this.plan(runId);
    const results = await undoSteps(steps, {
      undoRunId: UNDO,
      store,
      files,
      force,
      traces: { hasPath: (path) => this.traced.has(path) },
    });
    return Object.fromEntries(
      results.map(({ path, outcome, reason }) => [
        path.slice(path.lastIndexOf("/") + 1),
        reason === undefined ? outcome : `${outcome}: ${reason}`,
      ]),
    );
  }

  read(name: string): Promise<string> {
    return Deno.readTextFile(this.path(name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.machine[Symbol.asyncDispose]();
  }
}

Deno.test("what a run overwrote or removed comes back with its mode, and a second undo has nothing to do", async () => {
  await using rig = await Rig.create();
  await Deno.writeTextFile(rig.path("motd"), "old\n", { mode: 0o600 });
  await Deno.writeTextFile(rig.path("gone"), "was here\n");
  await rig.overwrite(FIRST, "motd", "new\n");
  await Deno.chmod(rig.path("motd"), 0o644);
  await rig.overwrite(FIRST, "gone", undefined);
  assert.deepEqual(await rig.undo(FIRST), { gone: "restored", motd: "restored" });
  assert.equal(await rig.read("motd"), "old\n");
  assert.equal(((await Deno.stat(rig.path("motd"))).mode ?? 0) & 0o777, 0o600);
  assert.equal(await rig.read("gone"), "was here\n");
  assert.deepEqual(await rig.undo(FIRST), { gone: "same", motd: "same" });
});

Deno.test("of a file that a run touched twice the content before the run comes back", async () => {
  await using rig = await Rig.create();
  await Deno.writeTextFile(rig.path("conf"), "before");
  await rig.overwrite(FIRST, "conf", "halfway");
  await rig.overwrite(FIRST, "conf", "after");
  await rig.undo(FIRST);
  assert.equal(await rig.read("conf"), "before");
});

Deno.test("a file that a later run changed is left alone unless that is wanted", async () => {
  await using rig = await Rig.create();
  await Deno.writeTextFile(rig.path("conf"), "one");
  await rig.overwrite(FIRST, "conf", "two");
  await rig.overwrite(SECOND, "conf", "three");
  assert.deepEqual(await rig.undo(FIRST), { conf: `kept: run ${SECOND} changed it since` });
  assert.equal(await rig.read("conf"), "three");
  assert.deepEqual(await rig.undo(FIRST, true), { conf: "restored" });
  assert.equal(await rig.read("conf"), "one");
});

Deno.test("an undo is kept like a run and can be undone", async () => {
  await using rig = await Rig.create();
  await Deno.writeTextFile(rig.path("conf"), "one");
  await rig.overwrite(FIRST, "conf", "two");
  await rig.undo(FIRST);
  assert.deepEqual((await rig.store.runs()).map(({ runId }) => runId), [UNDO, FIRST]);
  const [step] = await rig.plan(UNDO);
  assert.equal(step?.state, "ready");
  assert.equal(await Deno.readTextFile(step?.snapshot.contentPath ?? ""), "two");
});

Deno.test("a file that cannot be put back costs that file only", async () => {
  await using rig = await Rig.create();
  await Deno.mkdir(rig.path("lost"));
  for (const name of ["lost/a", "b"]) {
    await Deno.writeTextFile(rig.path(name), "old");
    await rig.overwrite(FIRST, name, "new");
  }
  await Deno.remove(rig.path("lost"), { recursive: true });
  const results = await rig.undo(FIRST);
  assert.match(results["a"] ?? "", /^failed: Cannot /);
  assert.equal(results["b"], "restored");
});

Deno.test("of a run that overwrote nothing there is nothing to undo", async () => {
  await using rig = await Rig.create();
  assert.deepEqual(await rig.store.runs(), []);
  assert.deepEqual(await rig.plan(FIRST), []);
});

Deno.test("an undo keeps nothing of a file that a secret was written to since", async () => {
  await using rig = await Rig.create();
  await Deno.writeTextFile(rig.path("app"), "one");
  await rig.overwrite(FIRST, "app", "hunter2");
  rig.traced.add(rig.path("app"));
  assert.deepEqual(await rig.undo(FIRST), { app: "restored" });
  assert.equal(await rig.read("app"), "one");
  assert.deepEqual((await rig.store.list(rig.path("app"))).map(({ runId }) => runId), [FIRST]);
});
