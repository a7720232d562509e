import assert from "node:assert/strict";
import { LocalServer, sendJson } from "../local/local_server.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { runVigo } from "../../tests/support/run_vigo.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { AgentDatabase } from "../store/agent_database.ts";
import { agentPaths } from "../store/agent_paths.ts";
import { writeEnrolment } from "../store/identity.ts";
import { readPause } from "../store/pause.ts";

const NOW_MS = 1_000_000;
const HOUR_MS = 3_600_000;

/** The root of an enrolled agent whose daemon does not run. */
async function enrolledRoot() {
  const root = await TemporaryRoot.create();
  const paths = agentPaths(rootPaths(root.path));
  await Deno.mkdir(paths.configFolder, { recursive: true });
  await writeEnrolment(paths.configFolder, { envoyUuid: crypto.randomUUID(), hostname: "web-1" });
  return {
    paths,
    vigo: (args: readonly string[], nowMs = NOW_MS) =>
      runVigo(args, { root: root.path, env: { SUDO_USER: "ada", USER: "root" }, nowMs }),
    /** The pause that a daemon would find at this moment. */
    pauseAt: (nowMs: number) => {
      using db = AgentDatabase.open(paths.database);
      return readPause(db, nowMs);
    },
    [Symbol.asyncDispose]: () => root[Symbol.asyncDispose](),
  };
}

Deno.test("a pause is kept with its reason, who made it and its end, and says that nobody was told", async () => {
  await using agent = await enrolledRoot();
  const words = ["pause", "--for", "2h", "--reason", " moving the database "];
  const { code, stdout, stderr } = await agent.vigo(words);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^Now paused .*moving the database.*\nNo daemon runs here; the next one/);
  const pause = {
    reason: "moving the database",
    by: "ada",
    sinceMs: NOW_MS,
    untilMs: NOW_MS + 2 * HOUR_MS,
  };
  assert.deepEqual(agent.pauseAt(NOW_MS + 1), pause);
  assert.equal(agent.pauseAt(NOW_MS + 2 * HOUR_MS), undefined);
});

Deno.test("a resume ends a pause, says which, and says so when there was none", async () => {
  await using agent = await enrolledRoot();
  await agent.vigo(["pause", "--reason", "broken disk"]);
  const resumed = await agent.vigo(["resume", "--json"]);
  assert.equal(JSON.parse(resumed.stdout).ended.reason, "broken disk");
  assert.equal(agent.pauseAt(NOW_MS), undefined);
  const again = await agent.vigo(["resume"]);
  assert.deepEqual([again.code, again.stdout], [0, "This agent was not paused\n"]);
});

Deno.test("a running daemon is told at once", async () => {
  await using agent = await enrolledRoot();
  const asked: string[] = [];
  await Deno.mkdir(agent.paths.controlSocket.replace(/\/[^/]*$/, ""), { recursive: true });
  const daemon = await LocalServer.listen(
    agent.paths.controlSocket,
    0o600,
    (request, response) => {
      // What it then reads is there already.
      asked.push(`${request.method} ${request.url}: ${agent.pauseAt(NOW_MS)?.reason}`);
      sendJson(response, 200, {});
      return Promise.resolve();
    },
  );
  try {
    const { stdout } = await agent.vigo(["pause", "--reason", "a look at the logs", "--json"]);
    assert.equal(JSON.parse(stdout).daemonTold, true);
    assert.deepEqual(asked, ["POST /check-in: a look at the logs"]);
  } finally {
    await daemon.close();
  }
});

Deno.test("a pause without sense is refused with status 2, and changes nothing", async () => {
  await using agent = await enrolledRoot();
  const cases: readonly (readonly [args: readonly string[], line: RegExp])[] = [
    [["--reason", "  "], /^error: Cannot pause: the reason has 0 characters\./],
    [["--reason", "x".repeat(10_000)], /^error: Cannot pause: the reason has 10000 characters\./],
    [["--reason", "a", "--for", "0s"], /^error: Cannot pause for no time at all\./],
    [["--reason", "a", "--for", "soon"], /^error: .*soon/],
    [[], /^error: .*--reason/],
  ];
  for (const [args, line] of cases) {
    const { code, stdout, stderr } = await agent.vigo(["pause", ...args]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, line);
  }
  await assert.rejects(Deno.stat(agent.paths.database), Deno.errors.NotFound);
});

Deno.test("where no agent is enrolled there is nothing to pause", async () => {
  await using root = await TemporaryRoot.create();
  const { code, stderr } = await runVigo(["pause", "--reason", "a"], { root: root.path });
  assert.notEqual(code, 0);
  assert.match(stderr, /^error: This machine is not enrolled .*vigo bootstrap/);
});
