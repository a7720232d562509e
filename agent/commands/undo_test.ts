import assert from "node:assert/strict";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { runVigo } from "../../tests/support/run_vigo.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { FileSnapshotStore } from "../apply/snapshot_store.ts";
import { FileLock } from "../runtime/cycle_lock.ts";
import { AgentDatabase } from "../store/agent_database.ts";
import { agentPaths } from "../store/agent_paths.ts";
import { writeEnrolment } from "../store/identity.ts";
import { readPause } from "../store/pause.ts";
import { openLocalMachine } from "../system/local_machine.ts";

const FIRST = "11111111-0000-4000-8000-000000000000";
const SECOND = "11112222-0000-4000-8000-000000000000";
const NOW_MS = 1_000_000;

/** An enrolled agent, a run of which wrote "new" over the "old" of a file, and kept that. */
async function agentAfterRun() {
  const root = await TemporaryRoot.create();
  const paths = agentPaths(rootPaths(root.path));
  await Deno.mkdir(paths.configFolder, { recursive: true });
  await Deno.mkdir(paths.stateFolder, { recursive: true });
  await writeEnrolment(paths.configFolder, { envoyUuid: crypto.randomUUID(), hostname: "web-1" });
  const { files, self } = await openLocalMachine(root.path);
  let nowMs = NOW_MS;
  const store = new FileSnapshotStore(files, `${paths.stateFolder}/snapshots`, self, () => nowMs++);
  const file = root.join("motd");
  const overwrite = async (runId: string, content: string) => {
    await store.keep(runId, file);
    await Deno.writeTextFile(file, content);
  };
  await Deno.writeTextFile(file, "old");
  await overwrite(FIRST, "new");
  return {
    paths,
    file,
    overwrite,
    vigo: (...args: readonly string[]) => runVigo(args, { root: root.path, nowMs: NOW_MS }),
    isPaused: () => {
      using db = AgentDatabase.open(paths.database);
      return readPause(db, NOW_MS)?.reason;
    },
    [Symbol.asyncDispose]: () => root[Symbol.asyncDispose](),
  };
}

Deno.test("an undo puts a file back, pauses, and can be undone itself", async () => {
  await using agent = await agentAfterRun();
  const { code, stdout } = await agent.vigo("undo", FIRST.slice(0, 8));
  assert.equal(code, 0, stdout);
  assert.match(stdout, /motd: put back\nThe agent is paused\. Mend the policy/);
  assert.equal(await Deno.readTextFile(agent.file), "old");
  assert.equal(agent.isPaused(), `run ${FIRST.slice(0, 8)} was undone`);
  const { runs } = JSON.parse((await agent.vigo("undo", "--json")).stdout);
  const undone = runs.find(({ runId }: { runId: string }) => runId !== FIRST);
  await agent.vigo("undo", undone.runId);
  assert.equal(await Deno.readTextFile(agent.file), "new");
});

Deno.test("a dry undo shows what would be put back, and neither changes nor pauses anything", async () => {
  await using agent = await agentAfterRun();
  const { code, stdout } = await agent.vigo("undo", FIRST, "--dry-run");
  assert.equal(code, 0);
  assert.match(stdout, /motd: would be put back \(3 bytes\)\n$/);
  assert.equal(await Deno.readTextFile(agent.file), "new");
  await assert.rejects(Deno.stat(agent.paths.database), Deno.errors.NotFound);
});

Deno.test("a file that a later run changed stays, with status 3, unless it is forced", async () => {
  await using agent = await agentAfterRun();
  await agent.overwrite(SECOND, "newer");
  const refused = await agent.vigo("undo", FIRST);
  assert.equal(refused.code, 3);
  assert.match(refused.stdout, /motd: left as it is/);
  assert.match(refused.stderr, /^error: Some files were changed by later runs.*Use --force\n$/);
  assert.equal(await Deno.readTextFile(agent.file), "newer");
  assert.equal((await agent.vigo("undo", FIRST, "--force")).code, 0);
  assert.equal(await Deno.readTextFile(agent.file), "old");
});

Deno.test("a run is named by a beginning that is its own", async () => {
  await using agent = await agentAfterRun();
  await agent.overwrite(SECOND, "newer");
  const cases: readonly (readonly [prefix: string, code: number, line: RegExp])[] = [
    ["111", 2, /^error: Cannot find run "111"\. Write at least 4 characters/],
    ["1111", 1, /^error: Cannot tell run "1111": several begin so/],
    ["ffff", 1, /^error: Cannot undo run "ffff": nothing of it is kept here\. "vigo undo" lists/],
  ];
  for (const [prefix, code, line] of cases) {
    const result = await agent.vigo("undo", prefix);
    assert.equal(result.code, code, prefix);
    assert.match(result.stderr, line);
  }
  assert.equal(await Deno.readTextFile(agent.file), "newer");
});

Deno.test("beside a run that is under way nothing is undone", async () => {
  await using agent = await agentAfterRun();
  const holder = { pid: Deno.pid, what: "vigo daemon", sinceMs: NOW_MS };
  {
    using _lock = await FileLock.take(agent.paths.cycleLock, holder);
    const { code, stderr } = await agent.vigo("undo", FIRST);
    assert.notEqual(code, 0);
    assert.match(stderr, /^error: .*vigo daemon/);
  }
  assert.equal(await Deno.readTextFile(agent.file), "new");
});
