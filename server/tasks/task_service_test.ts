import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers/promises";
import { getLogger } from "@logtape/logtape";
import { eventually } from "../../tests/support/eventually.ts";
import { generateEd25519, loadVerifier } from "../../shared/crypto/ed25519.ts";
import { openDocument } from "../../shared/canonical/signed_document.ts";
import { type ServerMessage, TaskResult } from "../../shared/proto/agent.ts";
import { type TaskEvent, type TaskRequest, taskRun } from "../../shared/rest/tasks.ts";
import { GRACE_MS } from "../../shared/tasks/task_limits.ts";
import { taskDispatchSchema } from "../../shared/tasks/task_orders.ts";
import { AuditLog } from "../audit/audit_log.ts";
import { answered, refused } from "../service/service_answer.ts";
import { MemoryStore } from "../store/memory_store.ts";
import type { PlannedEnvoy } from "./plan_task.ts";
import { TaskDesk } from "./task_desk.ts";
import { TaskService } from "./task_service.ts";
import type { WriterLimits } from "./verdict_writer.ts";

const NOW = 1_780_000_000_000;
const PATIENCE_MS = 60_000;

/** A server's tasks over a store in memory, and a fleet that answers when the test says so. */
class Rig {
  readonly signer = generateEd25519().signer;
  readonly store = new MemoryStore();
  readonly audit = new AuditLog(this.store, this.signer, () => this.nowMs);
  readonly sent: { uuid: string; message: ServerMessage }[] = [];
  readonly offline = new Set<string>();
  nowMs = NOW;
  health: string | null = null;
  writerLimits: WriterLimits = {};
  // Both are made by open(), which is the only way to a rig.
  desk!: TaskDesk;
  service!: TaskService;

  constructor(readonly envoys: readonly (Omit<PlannedEnvoy, "isConnected">)[]) {}

  static async create(...hostnames: string[]): Promise<Rig> {
    const rig = new Rig(
      hostnames.map((hostname) => ({ hostname, uuid: crypto.randomUUID(), barred: undefined })),
    );
    await rig.open();
    return rig;
  }

  /** As a start of the server on the store as it is. */
  async open(): Promise<void> {
    this.desk = await TaskDesk.load({
      store: this.store.tasks,
      signer: this.signer,
      now: () => this.nowMs,
      logger: getLogger("test"),
      probe: () => Promise.resolve(this.health),
      send: (uuid, message) => {
        if (this.offline.has(uuid)) return false;
        this.sent.push({ uuid, message });
        return true;
      },
      barred: () => undefined,
      writerLimits: this.writerLimits,
    });
    this.service = new TaskService({
      store: this.store,
      desk: this.desk,
      audit: this.audit,
      now: () => this.nowMs,
      healthCheckHosts: ["lb.example.com"],
      envoysOf: (target) => {
        const hit = this.envoys.filter(({ hostname, uuid }) =>
          target.matches({ hostname, uuid, tags: {}, traits: {} })
        );
        return Promise.resolve(
          hit.map((envoy) => ({ ...envoy, isConnected: !this.offline.has(envoy.uuid) })),
        );
      },
      resolveNamed: (name, { env }) =>
        Promise.resolve(
          name === "restart"
            ? answered({ command: `restart ${env}`, timeoutSecs: 5, batchSize: "1" })
            : refused(404, `No task is called "${name}"`),
        ),
    });
  }

  uuid(hostname: string): string {
    return this.envoys.find((envoy) => envoy.hostname === hostname)?.uuid ?? assert.fail(hostname);
  }

  ask(request: Partial<TaskRequest>) {
    const whole = taskRun.body.parse({ command: "true", target: "*", ...request });
    return this.service.run(whole, "local-root");
  }

  async run(request: Partial<TaskRequest> = {}): Promise<string> {
    const answer = await this.ask(request);
    assert.ok(answer.ok && answer.value.task, JSON.stringify(answer));
    return answer.value.task.id;
  }

  /** Waits until a host was sent its dispatch, and opens it as the host does. */
  async dispatched(hostname: string, times = 1) {
    const uuid = this.uuid(hostname);
    const [last] = (await eventually(`${hostname} has its dispatch`, () => {
      const found = this.sent.filter((one) => one.uuid === uuid && one.message.taskDispatch);
      return found.length >= times && found;
    }, PATIENCE_MS)).slice(-1);
    assert.ok(last?.message.taskDispatch);
    const verifier = loadVerifier(this.signer.publicKey);
    const opened = openDocument(
      "taskDispatch",
      last.message.taskDispatch,
      verifier,
      taskDispatchSchema,
    );
    assert.ok(opened.ok);
    return opened.value;
  }

  answer(hostname: string, taskId: string, change: Partial<TaskResult> = {}): Promise<boolean> {
    const result = { taskId, verdict: "complete", exitCode: 0, durationMs: 42, ...change };
    return this.desk.noteResult(this.uuid(hostname), TaskResult.fromPartial(result));
  }

  async summary(id: string) {
    const shown = await this.service.show(id);
    assert.ok(shown.ok);
    return shown.value;
  }

  over(id: string) {
    return eventually("the task is over", async () => {
      const summary = await this.summary(id);
      return summary.finishedAtMs !== null && summary;
    }, PATIENCE_MS);
  }

  async verdicts(id: string): Promise<Record<string, string | null>> {
    const page = await this.service.results(id, { limit: 100, output: false });
    assert.ok(page.ok);
    return Object.fromEntries(page.value.results.map((one) => [one.hostname, one.verdict]));
  }

  async actions(): Promise<string[]> {
    return (await this.store.audit.list({ limit: 100 })).map(({ action }) => action);
  }

  /** The envoys that were told that their result is kept. */
  confirmed(): string[] {
    return this.sent.flatMap(({ uuid, message }) =>
      message.taskResultStored
        ? [this.envoys.find((envoy) => envoy.uuid === uuid)?.hostname ?? ""]
        : []
    );
  }
}

Deno.test("a task is sent signed, recorded, answered, and confirmed once it is kept", async () => {
  const rig = await Rig.create("web-1", "web-2");
  const id = await rig.run({ command: "uptime", operator: "ada", timeoutSecs: 7, nice: 3 });
  const { envoyUuid, command, timeoutMs, nice, expiresAtMs } = await rig.dispatched("web-1");
  assert.deepEqual([envoyUuid, command, timeoutMs, nice, expiresAtMs], [
    rig.uuid("web-1"),
    "uptime",
    7_000,
    3,
    NOW + 20_000,
  ]);
  await rig.dispatched("web-2");
  rig.desk.noteStarted(rig.uuid("web-1"), id);
  const stdout = { head: Buffer.from([0, 255]), tail: Buffer.alloc(0), droppedBytes: 0 };
  await rig.answer("web-1", id, { stdout });
  await rig.answer("web-2", id, { verdict: "failed", exitCode: 2 });
  const summary = await rig.over(id);
  assert.deepEqual([summary.status, summary.counts.complete, summary.counts.failed], [
    "failed",
    1,
    1,
  ]);
  const page = await rig.service.results(id.slice(0, 6), { limit: 1, output: true });
  assert.ok(page.ok);
  assert.equal(page.value.results[0]?.stdout?.head, btoa("\x00\xff"));
  const rest = await rig.service.results(id, {
    limit: 9,
    output: true,
    cursor: page.value.nextCursor ?? assert.fail(),
  });
  assert.ok(rest.ok);
  assert.deepEqual(rest.value.results.map(({ exitCode }) => exitCode), [2]);
  assert.deepEqual(rig.confirmed().sort(), ["web-1", "web-2"]);
  const [record] = await rig.store.audit.list({ limit: 1 });
  assert.equal(record?.action, "task.dispatch");
  assert.deepEqual([record?.payload["id"], record?.payload["forced"]], [id, false]);
  await rig.desk.stop();
});

Deno.test("a guardrail refuses with its pattern, on the record; force goes past it, on the record", async () => {
  const rig = await Rig.create("web-1");
  const request = { command: "pkill vigo" };
  const blocked = await rig.ask(request);
  assert.ok(!blocked.ok && "guardrail" in blocked);
  assert.deepEqual([blocked.status, blocked.guardrail.pattern], [423, "pkill vigo"]);
  assert.equal(rig.desk.size, 0);
  const dry = await rig.ask({ ...request, dryRun: true });
  assert.ok(dry.ok && dry.value.task === null);
  assert.equal(dry.value.plan.guardrail?.pattern, "pkill vigo");
  assert.deepEqual(await rig.actions(), ["task.blocked"], "a look is not recorded");
  const id = await rig.run({ ...request, force: true });
  assert.equal((await rig.summary(id)).forced, true);
  const [record] = await rig.store.audit.list({ limit: 1 });
  assert.deepEqual([record?.payload["forced"], record?.payload["pattern"]], [true, "pkill vigo"]);
  assert.equal((await rig.summary(await rig.run({ force: true }))).forced, false);
  await rig.desk.stop();
});

Deno.test("what makes no sense is refused before anything is sent or recorded", async () => {
  const rig = await Rig.create("web-1");
  for (
    const [request, status, expected] of [
      [{ target: "db-*" }, 404, /No envoy matches "db-\*"/],
      [{ target: "a,,b" }, 400, /empty/],
      [{ batchSize: "0" }, 400, /batch size/],
      [{ maxFailures: "many" }, 400, /number of failures/],
      [{ healthCheckUrl: "http://10.0.0.1/" }, 400, /health_check_hosts: \["lb.example.com", "10/],
      [{ healthCheckUrl: "file:///etc/passwd" }, 400, /no http/],
      [{ healthCheckUrl: "http://me:secret@lb.example.com/" }, 400, /password/],
      [{ command: undefined, task: "nobody" }, 404, /No task is called/],
    ] as const
  ) {
    const answer = await rig.ask(request as Partial<TaskRequest>);
    assert.ok(!answer.ok, JSON.stringify(request));
    assert.equal(answer.status, status, answer.message);
    assert.match(answer.message, expected);
  }
  assert.deepEqual([rig.sent, await rig.actions()], [[], []]);
});

Deno.test("a named task brings its command and its defaults", async () => {
  const rig = await Rig.create("web-1", "web-2");
  const id = await rig.run({ command: undefined, task: "restart", params: { env: "staging" } });
  const summary = await rig.summary(id);
  assert.deepEqual(
    [summary.task, summary.command, summary.timeoutSecs, summary.batches],
    ["restart", "restart staging", 5, 2],
  );
  await rig.desk.stop();
});

Deno.test("who is offline or may not have tasks is in the plan, with a verdict from the beginning", async () => {
  const rig = await Rig.create("web-1", "web-2");
  rig.offline.add(rig.uuid("web-1"));
  const id = await rig.run();
  assert.deepEqual(await rig.verdicts(id), { "web-1": "offline", "web-2": null });
  await rig.answer("web-2", id);
  assert.equal((await rig.over(id)).status, "failed");
});

Deno.test("a restart goes on with the batch, sends it again to whoever comes back, then the next", async () => {
  const rig = await Rig.create("web-1", "web-2", "web-3");
  const id = await rig.run({ batchSize: "2" });
  await rig.dispatched("web-2");
  await rig.answer("web-1", id);
  await rig.desk.stop();
  rig.nowMs += 3_600_000;
  await rig.open();
  assert.deepEqual(await rig.verdicts(id), { "web-1": "complete", "web-2": null, "web-3": null });
  rig.desk.noteStream(rig.uuid("web-2"));
  const again = await rig.dispatched("web-2", 2);
  assert.equal(again.expiresAtMs, NOW + 20_000, "its time does not begin anew");
  await rig.answer("web-2", id);
  await rig.dispatched("web-3");
  await rig.answer("web-3", id);
  assert.equal((await rig.over(id)).status, "complete");
});

Deno.test("a result after the deadline changes no verdict and is told beside it", async () => {
  const rig = await Rig.create("web-1");
  const id = await rig.run();
  await rig.dispatched("web-1");
  await rig.desk.stop();
  // The deadline passes while nobody looks; after a restart there is time to come back, and then it is over.
  rig.nowMs += 60_000 + GRACE_MS;
  await rig.open();
  rig.desk.noteRevoked(rig.uuid("web-1"));
  assert.equal((await rig.over(id)).status, "failed");
  await rig.answer("web-1", id, { verdict: "complete", exitCode: 0 });
  await eventually("it is confirmed", () => rig.confirmed().length === 1, PATIENCE_MS);
  const page = await rig.service.results(id, { limit: 9, output: true });
  assert.ok(page.ok);
  const [result] = page.value.results;
  assert.deepEqual([result?.verdict, result?.exitCode], ["lost", 0]);
  assert.match(result?.reason ?? "", /came after the deadline: complete, exit=0/);
});

Deno.test("a result that nobody asked for is confirmed and forgotten, and one that cannot be is refused", async () => {
  const rig = await Rig.create("web-1");
  assert.equal(await rig.answer("web-1", "t0000000000"), true);
  await eventually("it is confirmed", () => rig.confirmed().length === 1, PATIENCE_MS);
  for (const change of [{ verdict: "offline" }, { verdict: "" }, { exitCode: 256 }]) {
    assert.equal(await rig.answer("web-1", "t0000000000", change), false);
  }
});

Deno.test("two cancels at once are one, on the record once", async () => {
  const rig = await Rig.create("web-1", "web-2");
  const id = await rig.run({ batchSize: "1" });
  await rig.dispatched("web-1");
  await Promise.all([rig.service.cancel(id, "ada", "root"), rig.service.cancel(id, "bob", "root")]);
  await eventually(
    "it is recalled",
    () => rig.sent.some(({ message }) => message.taskCancel !== undefined),
    PATIENCE_MS,
  );
  await rig.answer("web-1", id, { verdict: "cancelled" });
  const { status, reason } = await rig.over(id);
  assert.deepEqual([status, reason], ["cancelled", "cancelled by ada"]);
  assert.deepEqual(await rig.verdicts(id), { "web-1": "cancelled", "web-2": "cancelled" });
  assert.deepEqual(await rig.actions(), ["task.cancel", "task.dispatch"]);
});

Deno.test("a cancel that cannot be recorded does not happen, and is free to be asked for again", async () => {
  const rig = await Rig.create("web-1");
  const id = await rig.run();
  await rig.dispatched("web-1");
  const transaction = rig.store.transaction.bind(rig.store);
  rig.store.transaction = () => Promise.reject(new Error("the disk is full"));
  await assert.rejects(rig.service.cancel(id, "ada", "root"), /the disk is full/);
  assert.equal(rig.desk.get(id)?.run.state.isCancelled, false);
  assert.ok(!rig.sent.some(({ message }) => message.taskCancel !== undefined));
  rig.store.transaction = transaction;
  assert.ok((await rig.service.cancel(id, "ada", "root")).ok);
  assert.equal(rig.desk.get(id)?.run.state.isCancelled, true);
  assert.deepEqual(await rig.actions(), ["task.cancel", "task.dispatch"]);
});

Deno.test("a follower is told where the task is, what changes, and its end; a slow one the latest", async () => {
  const rig = await Rig.create("web-1", "web-2");
  const id = await rig.run();
  await rig.dispatched("web-2");
  const scope = new AbortController();
  const following = await rig.service.follow(id, "root", scope.signal);
  assert.ok(following.ok);
  const events: TaskEvent[] = [];
  const reading = (async () => {
    for await (const event of following.value) events.push(event);
  })();
  await eventually("it follows", () => events.length >= 2, PATIENCE_MS);
  rig.desk.noteOutput(rig.uuid("web-1"), {
    taskId: id,
    stream: 1,
    offset: 0,
    data: Buffer.from("hi"),
  });
  rig.desk.noteOutput(rig.uuid("web-1"), {
    taskId: id,
    stream: 1,
    offset: 2,
    data: Buffer.alloc(64 * 1024 + 1),
  });
  await rig.answer("web-1", id);
  await rig.answer("web-2", id);
  await reading;
  const [first, snapshot] = events, last = events.at(-1);
  assert.ok(first?.kind === "task" && first.task.status === "running");
  assert.ok(snapshot?.kind === "targets" && snapshot.targets.length === 2);
  assert.ok(last?.kind === "task" && last.task.status === "complete");
  const output = events.filter((event) => event.kind === "output");
  assert.deepEqual(output.map(({ hostname, data }) => [hostname, atob(data)]), [["web-1", "hi"]]);
  const afterwards = await rig.service.follow(id, "root", scope.signal);
  assert.ok(afterwards.ok);
  assert.equal((await afterwards.value.next()).value.kind, "task");
});

Deno.test("one reader leaves places for others", async () => {
  const rig = await Rig.create("web-1");
  const id = await rig.run();
  const scope = new AbortController();
  const streams: AsyncGenerator<TaskEvent>[] = [];
  const follow = async (reader: string) => {
    const answer = await rig.service.follow(id, reader, scope.signal);
    if (!answer.ok) return answer.status;
    // A stream begins, and counts, when it is read.
    await answer.value.next();
    streams.push(answer.value);
    return 200;
  };
  for (let count = 0; count < 16; count += 1) assert.equal(await follow("user:ann"), 200);
  assert.equal(await follow("user:ann"), 429);
  assert.equal(await follow("user:bob"), 200);
  scope.abort();
  await Promise.all(streams.map((stream) => stream.return(undefined)));
  assert.equal(rig.desk.get(id)?.followers.count, 0);
});

Deno.test("ten thousand targets are sent in turns, answered, and kept without a write each", async () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `web-${index}`);
  const rig = await Rig.create(...names);
  let writes = 0;
  const { saveTargets } = rig.store.tasks;
  Object.assign(rig.store.tasks, {
    saveTargets: (targets: Parameters<typeof saveTargets>[0]) => {
      writes += 1;
      return saveTargets(targets);
    },
  });
  const id = await rig.run();
  let seen = 0, most = 0;
  while (rig.sent.length < names.length) {
    await setImmediate();
    most = Math.max(most, rig.sent.length - seen);
    seen = rig.sent.length;
  }
  assert.ok(most <= 50, `${most} were sent in one go`);
  for (const name of names) await rig.answer(name, id);
  assert.equal((await rig.over(id)).counts.complete, names.length);
  assert.ok(writes < 200, `${writes} transactions`);
});

Deno.test("while nothing can be written, no more output is held than the limit; the agents keep it and say it again", async () => {
  const rig = await Rig.create("web-1", "web-2");
  rig.writerLimits = { waitingBytes: 1_000 };
  await rig.open();
  const { tasks } = rig.store;
  const { saveTargets } = tasks;
  let isDiskFull = true;
  Object.assign(tasks, {
    saveTargets: (targets: Parameters<typeof saveTargets>[0]) =>
      isDiskFull ? Promise.reject(new Error("disk full")) : saveTargets(targets),
  });
  const id = await rig.run();
  await rig.dispatched("web-2");
  const large = { head: Buffer.alloc(1_500), tail: Buffer.alloc(0), droppedBytes: 0 };
  assert.equal(await rig.answer("web-1", id, { stdout: large }), true);
  assert.equal(await rig.answer("web-2", id, { stdout: large }), true, "it is no false result");
  assert.equal((await rig.summary(id)).counts.complete, 1);
  isDiskFull = false;
  await eventually(
    "web-1 may forget its result",
    () => rig.sent.find(({ message }) => message.taskResultStored)?.uuid === rig.uuid("web-1"),
    PATIENCE_MS,
  );
  await rig.answer("web-2", id, { stdout: large });
  assert.equal((await rig.over(id)).counts.complete, 2);
  assert.equal((await tasks.findTarget(id, rig.uuid("web-2")))?.output?.stdout.head.length, 1_500);
});
