import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { DatabaseSync } from "node:sqlite";
import { fakeLog } from "../runtime/fake_log.ts";
import { eventually } from "../../tests/support/eventually.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { generateEd25519, loadVerifier, type Signer } from "../../shared/crypto/ed25519.ts";
import { sealDocument } from "../../shared/canonical/signed_document.ts";
import { AgentMessage } from "../../shared/proto/agent.ts";
import { makeTaskId } from "../../shared/tasks/task_id.ts";
import type { TaskDispatch } from "../../shared/tasks/task_orders.ts";
import { LocalProcesses } from "../system/local_processes.ts";
import { LEDGER_SCHEMA, type LedgerLimits, TaskLedger } from "../store/task_ledger.ts";
import { TaskKeeper } from "./task_keeper.ts";

const ENVOY = crypto.randomUUID();
const SERVER = generateEd25519().signer;
const NOW = 1_780_000_000_000;
const PATIENCE_MS = 60_000;

/** An agent's tasks with real commands, a real database and a server that is told what it is told. */
class Rig implements AsyncDisposable {
  readonly said: AgentMessage[] = [];
  readonly log = fakeLog();
  readonly db = new DatabaseSync(":memory:");
  nowMs = NOW;
  isConnected = true;
  keeper: TaskKeeper;

  private constructor(readonly root: TemporaryRoot, readonly limits?: LedgerLimits) {
    this.db.exec("CREATE TABLE fact (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT");
    this.db.exec(LEDGER_SCHEMA);
    this.keeper = this.#open();
  }

  static async create(limits?: LedgerLimits): Promise<Rig> {
    return new Rig(await TemporaryRoot.create(), limits);
  }

  /** As a start of the agent after a crash: what ran is forgotten by everybody but the database. */
  restart(): void {
    this.said.length = 0;
    this.keeper = this.#open();
    this.keeper.noteStream();
  }

  #open(): TaskKeeper {
    return new TaskKeeper({
      ledger: new TaskLedger(this.db, this.limits),
      verifier: loadVerifier(SERVER.publicKey),
      envoyUuid: ENVOY,
      processes: new LocalProcesses({ killGraceMs: 200 }),
      environment: { VIGO_ROOT: "/tmp/fleet/web-1" },
      log: this.log,
      serverTimeMs: () => this.nowMs,
      send: (message) => {
        if (this.isConnected) this.said.push(AgentMessage.fromPartial(message));
        return this.isConnected;
      },
    });
  }

  /** Sends a dispatch as it should be, but for what is changed. */
  dispatch(change: Partial<TaskDispatch> = {}, signer: Signer = SERVER): TaskDispatch {
    const dispatch: TaskDispatch = {
      schema: 1,
      envoyUuid: ENVOY,
      taskId: makeTaskId(),
      command: `echo ran >> ${this.file}`,
      timeoutMs: 60_000,
      nice: 0,
      maxOutputBytes: 4_096,
      live: false,
      issuedAtMs: NOW,
      expiresAtMs: NOW + 20_000,
      ...change,
    };
    this.keeper.dispatch(sealDocument("taskDispatch", dispatch, signer));
    return dispatch;
  }

  cancel(taskId: string): void {
    const cancel = { schema: 1, envoyUuid: ENVOY, taskId, issuedAtMs: NOW, expiresAtMs: NOW };
    this.keeper.cancel(sealDocument("taskCancel", cancel, SERVER));
  }

  /** Whether every write to the database fails, as on a disk that is full or was remounted. */
  set isDiskFull(isFull: boolean) {
    this.db.exec(`PRAGMA query_only = ${isFull ? 1 : 0}`);
  }

  get file(): string {
    return this.root.join("ran");
  }

  /** How often the command of a dispatch ran. */
  async runs(): Promise<number> {
    const text = await Deno.readTextFile(this.file).catch(() => "");
    return text.split("ran\n").length - 1;
  }

  results(taskId: string) {
    return this.said.flatMap(({ taskResult }) => taskResult?.taskId === taskId ? [taskResult] : []);
  }

  result(taskId: string) {
    return eventually(`a result of ${taskId}`, () => this.results(taskId)[0], PATIENCE_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.keeper.stop();
    this.db.close();
    await this.root[Symbol.asyncDispose]();
  }
}

Deno.test("a command that calls vigo means the agent that runs it", async () => {
  await using rig = await Rig.create();
  const { taskId } = rig.dispatch({ command: `printf %s "$VIGO_ROOT" > ${rig.file}` });
  assert.equal((await rig.result(taskId)).verdict, "complete");
  assert.equal(await Deno.readTextFile(rig.file), "/tmp/fleet/web-1");
});

Deno.test("a task runs once, however often it is sent, and answers with the same result", async () => {
  await using rig = await Rig.create();
  const dispatch = rig.dispatch();
  rig.dispatch(dispatch);
  assert.equal((await rig.result(dispatch.taskId)).verdict, "complete");
  rig.dispatch(dispatch);
  rig.keeper.noteStored(dispatch.taskId);
  rig.dispatch(dispatch);
  rig.nowMs += 3_600_000;
  rig.dispatch(dispatch);
  rig.restart();
  rig.dispatch(dispatch);
  assert.equal(await rig.runs(), 1);
  const [result] = rig.results(dispatch.taskId);
  assert.deepEqual([result?.verdict, result?.exitCode], ["complete", 0]);
});

Deno.test("what ran when the agent was killed is lost, and never runs again", async () => {
  await using rig = await Rig.create();
  const { file } = rig;
  const dispatch = rig.dispatch({ command: `echo ran >> ${file}; sleep 600` });
  await eventually("it runs", async () => await rig.runs() > 0, PATIENCE_MS);
  const killed = rig.keeper;
  rig.restart();
  const result = await rig.result(dispatch.taskId);
  assert.deepEqual([result.verdict, result.exitCode], ["lost", undefined]);
  rig.dispatch(dispatch);
  assert.equal(await rig.runs(), 1);
  await killed.stop();
  rig.said.length = 0;
  rig.dispatch(dispatch);
  assert.equal((await rig.result(dispatch.taskId)).verdict, "lost", "the first word stays");
});

Deno.test("orders that are altered, of another server, or for another envoy are not followed", async () => {
  await using rig = await Rig.create();
  rig.dispatch({}, generateEd25519().signer);
  rig.dispatch({ envoyUuid: crypto.randomUUID() });
  const sealed = sealDocument("taskDispatch", { nonsense: true }, SERVER);
  rig.keeper.dispatch(sealed);
  rig.keeper.dispatch({ ...sealed, payload: Buffer.concat([sealed.payload, Buffer.from(" ")]) });
  // A cancel is no dispatch.
  rig.keeper.cancel(sealed);
  assert.equal(rig.log.lines.length, 5);
  for (const line of rig.log.lines) assert.match(line, /refused, since it may not come from/);
  assert.deepEqual([rig.keeper.running, rig.said, await rig.runs()], [0, [], 0]);
});

Deno.test("a dispatch that comes too late is rejected, and stays so", async () => {
  await using rig = await Rig.create();
  rig.nowMs = NOW + 20_001;
  const dispatch = rig.dispatch();
  const result = await rig.result(dispatch.taskId);
  assert.equal(result.verdict, "rejected");
  assert.match(result.reason, /1 s too late/);
  rig.nowMs = NOW;
  rig.dispatch(dispatch);
  assert.equal(await rig.runs(), 0);
});

Deno.test("the agent's own guardrails refuse, whatever the server thinks of them", async () => {
  await using rig = await Rig.create();
  const { taskId } = rig.dispatch({ command: "sudo sh -c 'pkill -f vigo'" });
  const result = await rig.result(taskId);
  assert.equal(result.verdict, "rejected");
  assert.match(result.reason, /pkill vigo/);
});

Deno.test("a cancel ends what runs, and keeps away what has not come yet", async () => {
  await using rig = await Rig.create();
  const { taskId } = rig.dispatch({ command: "sleep 600" });
  rig.cancel(taskId);
  assert.equal((await rig.result(taskId)).verdict, "cancelled");
  rig.keeper.noteStored(taskId);
  const later = makeTaskId();
  rig.cancel(later);
  assert.equal((await rig.result(later)).verdict, "cancelled");
  rig.dispatch({ taskId: later });
  assert.equal(await rig.runs(), 0);
});

Deno.test("results wait without a server and are brought one after the other, each until it is confirmed", async () => {
  await using rig = await Rig.create();
  rig.isConnected = false;
  const one = rig.dispatch({ command: "echo one" }), two = rig.dispatch({ command: "echo two" });
  await eventually("both have ended", () => rig.keeper.running === 0, PATIENCE_MS);
  rig.isConnected = true;
  rig.restart();
  const ids = () => rig.said.flatMap(({ taskResult }) => taskResult?.taskId ?? []);
  const [first = ""] = ids();
  assert.equal(ids().length, 1);
  rig.keeper.noteStored(first);
  assert.deepEqual(new Set(ids()), new Set([one.taskId, two.taskId]));
  rig.keeper.noteStream();
  assert.equal(ids().at(-1), ids()[1], "the one that is not confirmed comes again");
});

Deno.test("a stop ends what runs, and says that what came of it is not known", async () => {
  await using rig = await Rig.create();
  const { taskId } = rig.dispatch({ command: "trap '' TERM; while :; do sleep 1; done" });
  await rig.keeper.stop();
  const result = rig.db.prepare("SELECT state FROM task WHERE task_id = ?").get(taskId);
  assert.equal(result?.["state"], "finished");
  rig.restart();
  assert.equal((await rig.result(taskId)).verdict, "lost");
});

Deno.test("output is kept byte for byte up to its limit, and sent as it comes where that is wanted", async () => {
  await using rig = await Rig.create();
  const command =
    "printf '\\000\\377\\n'; head -c 10000 /dev/zero; printf end; echo no >&2; exit 7";
  const { taskId } = rig.dispatch({ command, live: true });
  const { exitCode, verdict, stdout, stderr } = await rig.result(taskId);
  assert.deepEqual([verdict, exitCode], ["failed", 7]);
  assert.ok(stdout && stderr);
  assert.equal(stdout.head.length + stdout.tail.length, 4_096);
  assert.equal(stdout.droppedBytes, 10_006 - 4_096);
  assert.deepEqual([...stdout.head.subarray(0, 3)], [0, 255, 10]);
  assert.equal(stdout.tail.subarray(-3).toString(), "end");
  assert.equal(stderr.head.toString(), "no\n");
  const go = rig.root.join("go");
  rig.dispatch({ command: `echo first; while [ ! -e ${go} ]; do sleep 0.05; done`, live: true });
  const chunk = await eventually(
    "a piece of output",
    () => rig.said.find(({ taskOutput }) => taskOutput !== undefined)?.taskOutput,
    PATIENCE_MS,
  );
  assert.deepEqual([chunk.offset, chunk.data.toString()], [0, "first\n"]);
  await Deno.writeTextFile(go, "");
});

Deno.test("what is forgotten to make room is never begun again, whatever the clock says", async () => {
  await using rig = await Rig.create({ waitingResults: 3, remembered: 1, bytes: 1024 * 1024 });
  const old = rig.dispatch({ issuedAtMs: NOW - 5 });
  await rig.result(old.taskId);
  rig.keeper.noteStored(old.taskId);
  const next = rig.dispatch();
  await rig.result(next.taskId);
  rig.keeper.noteStored(next.taskId);
  assert.equal(await rig.runs(), 2);
  rig.said.length = 0;
  rig.dispatch(old);
  assert.match((await rig.result(old.taskId)).reason, /older than the tasks/);
  assert.equal(await rig.runs(), 2);
});

Deno.test("nothing is begun while too many results wait for the server", async () => {
  await using rig = await Rig.create({ waitingResults: 1, remembered: 9, bytes: 1024 * 1024 });
  rig.isConnected = false;
  rig.dispatch();
  await eventually("it has ended", () => rig.keeper.running === 0, PATIENCE_MS);
  rig.dispatch();
  assert.match(rig.log.lines.join("\n"), /too many results wait/);
  assert.equal(await rig.runs(), 1);
});

Deno.test("where there is no room for output the result is kept without it", async () => {
  await using rig = await Rig.create({ waitingResults: 9, remembered: 9, bytes: 100 });
  const { taskId } = rig.dispatch({ command: "head -c 2000 /dev/zero" });
  const { verdict, stdout } = await rig.result(taskId);
  assert.deepEqual([verdict, stdout?.head.length, stdout?.droppedBytes], ["complete", 0, 2_000]);
});

Deno.test("a disk that takes nothing refuses a task, however often it is sent, until the server has heard so", async () => {
  await using rig = await Rig.create();
  rig.isDiskFull = true;
  const dispatch = rig.dispatch();
  const { verdict, reason } = await rig.result(dispatch.taskId);
  assert.equal(verdict, "rejected");
  assert.match(reason, /cannot write down that it begins: attempt to write a readonly database/);
  rig.isDiskFull = false;
  rig.dispatch(dispatch);
  assert.deepEqual(
    [rig.results(dispatch.taskId).map((result) => result.verdict), await rig.runs()],
    [["rejected", "rejected"], 0],
  );
  rig.keeper.noteStored(dispatch.taskId);
  rig.restart();
  rig.dispatch(dispatch);
  assert.equal((await rig.result(dispatch.taskId)).verdict, "rejected", "it was kept meanwhile");
});

Deno.test("a result that the disk does not take is said on every stream until the server has it", async () => {
  await using rig = await Rig.create();
  const go = rig.root.join("go");
  const { taskId } = rig.dispatch({
    command: `while [ ! -e ${go} ]; do sleep 0.05; done; echo done; exit 3`,
  });
  rig.isDiskFull = true;
  rig.isConnected = false;
  await Deno.writeTextFile(go, "");
  await eventually("it has ended", () => rig.keeper.running === 0, PATIENCE_MS);
  assert.match(rig.log.lines.join("\n"), /cannot keep the result of a task/);
  rig.isConnected = true;
  for (const stream of [1, 2]) {
    rig.keeper.noteStream();
    assert.deepEqual(
      rig.results(taskId).map(({ verdict, exitCode, stdout }) => [
        verdict,
        exitCode,
        stdout?.head.toString(),
      ]),
      Array.from({ length: stream }, () => ["failed", 3, "done\n"]),
    );
  }
  rig.keeper.noteStored(taskId);
  rig.keeper.noteStream();
  assert.equal(rig.results(taskId).length, 2);
});

Deno.test("a result that the disk did not take is kept once there is room", async () => {
  await using rig = await Rig.create();
  rig.isDiskFull = true;
  rig.isConnected = false;
  const { taskId } = rig.dispatch();
  rig.isDiskFull = false;
  rig.keeper.noteStream();
  rig.isConnected = true;
  rig.restart();
  assert.equal((await rig.result(taskId)).verdict, "rejected");
});
