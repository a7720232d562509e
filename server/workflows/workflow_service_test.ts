import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { type ServerMessage, TaskResult } from "../../shared/proto/agent.ts";
import { type WorkflowRun, workflowRun } from "../../shared/rest/workflows.ts";
import { eventually } from "../../tests/support/eventually.ts";
import { AuditLog } from "../audit/audit_log.ts";
import { answered, refused } from "../service/service_answer.ts";
import { MemoryStore } from "../store/memory_store.ts";
import type { PlannedEnvoy } from "../tasks/plan_task.ts";
import { TaskDesk } from "../tasks/task_desk.ts";
import { RETURN_MS } from "../tasks/task_run.ts";
import { TaskService } from "../tasks/task_service.ts";
import { WorkflowDesk } from "./workflow_desk.ts";
import { WorkflowService } from "./workflow_service.ts";

const NOW = 1_780_000_000_000;
const PATIENCE_MS = 60_000;

type Step = Record<string, unknown> & { readonly name: string };

/** A server's workflows over a store in memory, and a fleet that answers when the test says so. */
class Rig implements AsyncDisposable {
  readonly store = new MemoryStore();
  readonly signer = generateEd25519().signer;
  readonly sent: { uuid: string; message: ServerMessage }[] = [];
  readonly offline = new Set<string>();
  readonly envoys: readonly Omit<PlannedEnvoy, "isConnected">[];
  /** What the live stacks say of the task "restart". */
  restart = "restart";
  nowMs = NOW;
  // Made by open(), which is the only way to a rig.
  tasks!: TaskDesk;
  desk!: WorkflowDesk;
  service!: WorkflowService;

  private constructor(hostnames: readonly string[]) {
    this.envoys = hostnames.map((hostname) => ({
      hostname,
      uuid: crypto.randomUUID(),
      barred: undefined,
    }));
  }

  static async create(...hostnames: string[]): Promise<Rig> {
    const rig = new Rig(hostnames);
    await rig.open();
    return rig;
  }

  /** As a start of the server on the store as it is. */
  async open(): Promise<void> {
    const logger = getLogger("test"), now = () => this.nowMs, { store } = this;
    const audit = new AuditLog(store, this.signer, now);
    this.tasks = await TaskDesk.load({
      store: store.tasks,
      signer: this.signer,
      now,
      logger,
      probe: () => Promise.resolve(null),
      send: (uuid, message) => {
        if (this.offline.has(uuid)) return false;
        this.sent.push({ uuid, message });
        return true;
      },
      barred: () => undefined,
    });
    const tasks = new TaskService({
      store,
      desk: this.tasks,
      audit,
      now,
      healthCheckHosts: [],
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
            ? answered({ command: `${this.restart} ${env}`, timeoutSecs: 5, batchSize: "1" })
            : refused(404, `No task is called "${name}"`),
        ),
    });
    this.desk = await WorkflowDesk.load({ store, tasks, desk: this.tasks, now, logger });
    this.service = new WorkflowService({ store, desk: this.desk, tasks, audit, now });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.desk.stop();
    await this.tasks.stop();
  }

  async restartServer(): Promise<void> {
    await this[Symbol.asyncDispose]();
    await this.open();
  }

  ask(steps: readonly Step[], flags: { dryRun?: boolean; force?: boolean } = {}) {
    const workflow = { name: "test", steps: steps.map((step) => ({ target: "*", ...step })) };
    const request = workflowRun.body.parse({ workflow, operator: "ada", ...flags });
    return this.service.run(request, "local-root");
  }

  async run(...steps: Step[]): Promise<string> {
    const answer = await this.ask(steps);
    assert.ok(answer.ok && answer.value.workflow, JSON.stringify(answer));
    return answer.value.workflow.id;
  }

  async show(id: string): Promise<WorkflowRun> {
    const shown = await this.service.show(id);
    assert.ok(shown.ok);
    return shown.value;
  }

  async step(id: string, name: string) {
    return (await this.show(id)).steps.find((step) => step.name === name) ?? assert.fail(name);
  }

  /** Waits until steps are where they are to be: `a=running b=waiting`. */
  async where(id: string, wanted: string): Promise<WorkflowRun> {
    let is = "";
    try {
      return await eventually(wanted, async () => {
        const workflow = await this.show(id);
        is = workflow.steps.map(({ name, status }) => `${name}=${status}`).join(" ");
        return is === wanted && workflow;
      }, PATIENCE_MS);
    } catch (cause) {
      throw new Error(`It is ${is}`, { cause });
    }
  }

  /** Every envoy that was sent the step's task, and has a stream, answers it so. */
  async answer(id: string, name: string, verdict = "complete"): Promise<void> {
    const taskId = (await this.step(id, name)).taskId ?? assert.fail(`${name} has no task`);
    for (const { uuid } of this.envoys) {
      if (this.offline.has(uuid)) continue;
      const exitCode = verdict === "complete" ? 0 : 1;
      const result = TaskResult.fromPartial({ taskId, verdict, exitCode, durationMs: 1 });
      await this.tasks.noteResult(uuid, result);
    }
  }

  async over(id: string): Promise<WorkflowRun> {
    return await eventually("the workflow is over", async () => {
      const workflow = await this.show(id);
      return workflow.finishedAtMs !== null && workflow;
    }, PATIENCE_MS);
  }

  async audited() {
    return (await this.store.audit.list({ limit: 100 })).reverse();
  }
}

Deno.test("steps follow each other, and the audit log names the workflow with each of them", async () => {
  await using rig = await Rig.create("web-1", "web-2");
  const id = await rig.run(
    { name: "a", command: "one" },
    { name: "b", task: "restart", params: { env: "qa" }, needs: ["a"] },
  );
  await rig.where(id, "a=running b=waiting");
  await rig.answer(id, "a");
  // What the stacks say by now is not what was judged.
  rig.restart = "rm -rf";
  const during = await rig.where(id, "a=complete b=running");
  assert.deepEqual([during.status, during.steps[0]?.counts.complete], ["running", 2]);
  const [, b] = during.steps;
  assert.deepEqual([b?.command, b?.task, b?.timeoutSecs, b?.batchSize], [
    "restart qa",
    "restart",
    5,
    "1",
  ]);
  const task = await rig.store.tasks.find(b?.taskId ?? "");
  assert.deepEqual([task?.record.command, task?.record.operator], ["restart qa", "ada"]);
  // One batch after the other.
  await rig.answer(id, "b");
  await eventually("the second batch", () => rig.tasks.get(b?.taskId ?? "")?.run.state.batch === 1);
  await rig.answer(id, "b");
  const over = await rig.over(id);
  assert.equal(over.status, "complete");
  const records = await rig.audited();
  assert.deepEqual(records.map(({ action }) => action), [
    "workflow.run",
    "task.dispatch",
    "task.dispatch",
  ]);
  assert.equal(records[0]?.payload["id"], id);
  assert.deepEqual(records.slice(1).map(({ payload }) => [payload["workflow"], payload["step"]]), [
    [id, "a"],
    [id, "b"],
  ]);
  assert.equal(rig.desk.size, 0);
});

Deno.test("a step that fails stops the rest; with continue it stops what needs it alone", async () => {
  await using rig = await Rig.create("web-1");
  const stopped = await rig.run(
    { name: "a", command: "one" },
    { name: "b", command: "two", needs: ["a"] },
    { name: "c", command: "three" },
    { name: "d", command: "four", needs: ["c"] },
  );
  await rig.where(stopped, "a=running b=waiting c=running d=waiting");
  await rig.answer(stopped, "a", "failed");
  await rig.where(stopped, "a=failed b=skipped c=running d=skipped");
  assert.equal((await rig.step(stopped, "a")).reason, "1 failed of 1 target");
  await rig.answer(stopped, "c");
  assert.equal((await rig.over(stopped)).status, "failed");

  const going = await rig.run(
    { name: "a", command: "one", onFailure: "continue" },
    { name: "b", command: "two", needs: ["a"] },
    { name: "c", command: "three" },
    { name: "d", command: "four", needs: ["c"] },
  );
  await rig.where(going, "a=running b=waiting c=running d=waiting");
  await rig.answer(going, "a", "failed");
  await rig.answer(going, "c");
  await rig.where(going, "a=failed b=skipped c=complete d=running");
  await rig.answer(going, "d");
  assert.equal((await rig.over(going)).status, "failed");
});

Deno.test("nothing is sent if a guardrail refuses any step; force goes past it, on the record", async () => {
  await using rig = await Rig.create("web-1");
  const steps = [{ name: "a", command: "true" }, { name: "b", command: "pkill vigo" }];
  const blocked = await rig.ask(steps);
  assert.ok(!blocked.ok && "guardrail" in blocked);
  assert.deepEqual([blocked.status, blocked.guardrail.pattern], [423, "pkill vigo"]);
  assert.match(blocked.message, /^Step "b": A guardrail refuses its command/);
  assert.deepEqual([rig.sent.length, rig.desk.size], [0, 0]);
  const [record] = await rig.audited();
  assert.deepEqual([record?.action, record?.payload["step"]], ["task.blocked", "b"]);
  const dry = await rig.ask(steps, { dryRun: true });
  assert.ok(dry.ok && dry.value.workflow === null);
  assert.deepEqual(dry.value.plan?.steps.map(({ plan }) => plan.guardrail?.pattern), [
    undefined,
    "pkill vigo",
  ]);
  const forced = await rig.ask(steps, { force: true });
  assert.ok(forced.ok && forced.value.workflow);
  await rig.where(forced.value.workflow.id, "a=running b=running");
  const dispatched = (await rig.audited()).filter(({ action }) => action === "task.dispatch");
  assert.deepEqual(dispatched.map(({ payload }) => payload["forced"]), [false, true]);
});

Deno.test("a step that could not be sent is told before any other is", async () => {
  await using rig = await Rig.create("web-1");
  const refusal = async (step: Step) => {
    const answer = await rig.ask([{ name: "first", command: "true" }, step]);
    return answer.ok ? "" : `${answer.status} ${answer.message}`;
  };
  assert.match(await refusal({ name: "b", task: "nope" }), /^404 Step "b": No task is called/);
  assert.match(
    await refusal({ name: "b", command: "x", target: "db-*" }),
    /^404 Step "b": No envoy matches "db-\*"/,
  );
  assert.match(
    await refusal({ name: "b", command: "x", healthCheckUrl: "http://lb.example.com/" }),
    /^400 Step "b": Cannot probe/,
  );
  assert.equal(rig.sent.length, 0);
});

Deno.test("a restart of the server begins no step twice, and goes on when the fleet is back", async () => {
  await using rig = await Rig.create("web-1", "web-2");
  const id = await rig.run(
    { name: "a", command: "one" },
    { name: "b", command: "two", needs: ["a"] },
    { name: "c", command: "three", needs: ["b"] },
  );
  await rig.where(id, "a=running b=waiting c=waiting");
  const { taskId } = await rig.step(id, "a");
  await rig.restartServer();
  await rig.answer(id, "a");
  await rig.where(id, "a=complete b=running c=waiting");
  assert.equal((await rig.step(id, "a")).taskId, taskId);
  // Nobody has come back yet when the verdicts of b are there: c waits instead of finding everybody offline.
  const before = (await rig.step(id, "b")).taskId;
  await rig.answer(id, "b");
  await rig.tasks.written();
  for (const { uuid } of rig.envoys) rig.offline.add(uuid);
  await rig.restartServer();
  await rig.where(id, "a=complete b=complete c=waiting");
  assert.equal((await rig.step(id, "b")).taskId, before);
  rig.offline.clear();
  await rig.where(id, "a=complete b=complete c=running");
  await rig.answer(id, "c");
  assert.equal((await rig.over(id)).status, "complete");
  const dispatched = (await rig.audited()).filter(({ action }) => action === "task.dispatch");
  assert.equal(dispatched.length, 3);
});

Deno.test("who does not come back after a restart is not waited for longer than a task waits", async () => {
  await using rig = await Rig.create("web-1");
  const id = await rig.run(
    { name: "a", command: "one" },
    { name: "b", command: "two", needs: ["a"] },
  );
  await rig.where(id, "a=running b=waiting");
  await rig.restartServer();
  await rig.answer(id, "a");
  for (const { uuid } of rig.envoys) rig.offline.add(uuid);
  rig.nowMs += RETURN_MS;
  const over = await rig.over(id);
  assert.equal(over.steps.at(-1)?.reason, "1 offline of 1 target");
});

Deno.test("a cancel ends what runs and what waits, once, and survives a restart", async () => {
  await using rig = await Rig.create("web-1");
  const id = await rig.run(
    { name: "a", command: "one" },
    { name: "b", command: "two", needs: ["a"] },
  );
  await rig.where(id, "a=running b=waiting");
  const cancel = () => rig.service.cancel(id.slice(0, 6), "ada", "local-root");
  const answers = await Promise.all([cancel(), cancel()]);
  assert.ok(answers.every(({ ok }) => ok));
  await rig.where(id, "a=running b=cancelled");
  await rig.restartServer();
  await rig.answer(id, "a", "cancelled");
  const over = await rig.over(id);
  assert.deepEqual([over.status, over.reason], ["cancelled", "cancelled by ada"]);
  assert.deepEqual(over.steps.map(({ status }) => status), ["cancelled", "cancelled"]);
  assert.ok(rig.sent.some(({ message }) => message.taskCancel));
  assert.ok((await cancel()).ok);
  const actions = (await rig.audited()).map(({ action }) => action);
  assert.deepEqual(actions, ["workflow.run", "task.dispatch", "workflow.cancel"]);
});

Deno.test("followers are told of every step to the end; later ones where it ended", async () => {
  await using rig = await Rig.create("web-1");
  const id = await rig.run({ name: "a", command: "one" });
  await rig.where(id, "a=running");
  const follow = async () => {
    const events = await rig.service.follow(id, AbortSignal.timeout(PATIENCE_MS));
    assert.ok(events.ok);
    return events.value;
  };
  const events = await follow();
  const seen: string[] = [];
  for (;;) {
    const { done, value } = await events.next();
    if (done) break;
    seen.push(value.status);
    if (seen.length === 1) await rig.answer(id, "a");
  }
  assert.deepEqual([seen[0], seen.at(-1)], ["running", "complete"]);
  const late = await follow();
  assert.equal((await late.next()).value?.status, "complete");
  assert.equal((await late.next()).done, true);
});

Deno.test("workflows are listed newest first, with how many steps are where", async () => {
  await using rig = await Rig.create("web-1");
  const ids: string[] = [];
  for (const name of ["a", "b"]) {
    ids.unshift(await rig.run({ name, command: "x" }, { name: "last", command: "y" }));
    rig.nowMs += 1;
  }
  for (const id of ids) {
    await eventually("both run", async () => {
      return (await rig.show(id)).steps.every(({ status }) => status === "running");
    });
  }
  const first = await rig.service.list({ limit: 1 });
  const second = await rig.service.list({ limit: 9, cursor: first.nextCursor ?? assert.fail() });
  assert.deepEqual([...first.workflows, ...second.workflows].map(({ id }) => id), ids);
  assert.deepEqual([first.workflows[0]?.steps, first.workflows[0]?.stepCounts.running], [2, 2]);
  assert.equal(second.nextCursor, null);
  const missing = await rig.service.show("w000");
  assert.ok(!missing.ok && missing.status === 404);
});
