import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { z } from "zod";
import { agentPaths } from "../../agent/store/agent_paths.ts";
import { readEnrolment } from "../../agent/store/identity.ts";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { sealDocument } from "../../shared/canonical/signed_document.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { makeTaskId } from "../../shared/tasks/task_id.ts";
import { programCommand, startProgram } from "../support/run_program.ts";
import { runCommand } from "../support/run_command.ts";
import { joinOutput } from "../../shared/tasks/captured_output.ts";
import {
  taskCancel,
  type TaskEvent,
  taskEventSchema,
  type TaskOutput,
  type TaskResult,
  taskResults,
  taskRun,
  taskShow,
  type TaskSummary,
} from "../../shared/rest/tasks.ts";
import { sendSignal } from "../support/signal.ts";
import { eventually } from "../support/eventually.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { TestFleet } from "../support/test_fleet.ts";

/** A machine ten times slower than this one, and busy. */
const PATIENCE_MS = 180_000;

type Request = z.input<typeof taskRun.body>;

/** What an operator asks of tasks. */
class Operator {
  constructor(readonly fleet: TestFleet) {}

  async run(request: Request): Promise<TaskSummary> {
    const { status, text } = await this.fleet.api("/task", { method: "POST", json: request });
    assert.equal(status, 200, text);
    const { task } = taskRun.answer.parse(JSON.parse(text));
    assert.ok(task);
    return task;
  }

  async plan(request: Request) {
    const json = { ...request, dryRun: true };
    const { status, text } = await this.fleet.api("/task", { method: "POST", json });
    assert.equal(status, 200, text);
    return taskRun.answer.parse(JSON.parse(text));
  }

  /** Waits until a task's command runs on every target. */
  async running(id: string): Promise<void> {
    await eventually(`task ${id} runs`, async () => {
      const results = Object.values(await this.results(id));
      return results.every(({ state }) => state === "running");
    }, PATIENCE_MS);
  }

  /** Waits until a task is over. */
  over(id: string): Promise<TaskSummary> {
    return eventually(`task ${id} is over`, async () => {
      const { text } = await this.fleet.api(`/task/${id}`);
      const task = taskShow.answer.parse(JSON.parse(text));
      return task.status !== "running" && task;
    }, PATIENCE_MS);
  }

  /** What came of each target, by hostname. */
  async results(id: string): Promise<Record<string, TaskResult>> {
    const { text } = await this.fleet.api(`/task/${id}/results`);
    const { results } = taskResults.answer.parse(JSON.parse(text));
    return Object.fromEntries(results.map((result) => [result.hostname, result]));
  }

  async runToEnd(request: Request): Promise<Record<string, TaskResult>> {
    const { id } = await this.run(request);
    await this.over(id);
    return await this.results(id);
  }
}

function bytesOf(output: TaskOutput | null | undefined): Uint8Array {
  if (!output) return new Uint8Array();
  const { head, tail, droppedBytes } = output;
  return joinOutput({
    head: Uint8Array.fromBase64(head),
    tail: Uint8Array.fromBase64(tail),
    droppedBytes,
  });
}

const textOf = (output: TaskOutput | null | undefined) => new TextDecoder().decode(bytesOf(output));

/** Follows a task to its end and returns everything that was told. */
async function follow(fleet: TestFleet, id: string): Promise<TaskEvent[]> {
  const ca = await Deno.readTextFile(fleet.caFile);
  const token = await Deno.readTextFile(`${fleet.hub.root}/srv/vigo/secrets/local.token`);
  using client = Deno.createHttpClient({ caCerts: [ca] });
  const response = await fetch(`${fleet.restUrl}/api/v1/task/${id}/events`, {
    client,
    headers: { authorization: `Bearer ${token.trim()}` },
  });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const events = (await response.text()).split("\n\n").filter((text) => text.startsWith("data: "));
  return events.map((text) => taskEventSchema.parse(JSON.parse(text.slice(6))));
}

/** The lines of a file that a command writes; none while it is not there. */
async function linesOf(path: string): Promise<string[]> {
  try {
    return (await Deno.readTextFile(path)).split("\n").filter((line) => line !== "");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    // A zombie, which nobody has waited for yet, runs nothing.
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test("tasks on a fleet: whatever happens, every target ends with a verdict", async (t) => {
  let health = 200, probes = 0;
  await using site = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
    probes += 1;
    return new Response("", { status: health });
  });
  const sections = { tasks: { health_check_hosts: ["127.0.0.1"] } };
  await TestFleet.run(["hub", "web-1", "web-2"], async (fleet) => {
    const [, web1, web2] = fleet.hosts;
    assert.ok(web1 && web2);
    await fleet.join();
    const operator = new Operator(fleet);
    const everybodyThere = () =>
      eventually("every agent has a stream", async () => {
        const { plan } = await operator.plan({ command: "true", target: "*" });
        return plan.offline.length === 0;
      }, PATIENCE_MS);
    await everybodyThere();

    await t.step("a command runs everywhere, as a shell's, with nothing to read", async () => {
      const command = "pwd; cat; echo to stderr >&2; ulimit -c; nice; exit 3";
      const results = await operator.runToEnd({ command, target: "*", nice: 7 });
      assert.deepEqual(Object.keys(results).sort(), ["hub", "web-1", "web-2"]);
      // The agents run at the niceness of these tests.
      const own = Number((await runCommand("nice", [])).stdout);
      const nice = Math.min(own + 7, 19);
      for (const { verdict, exitCode, stdout, stderr } of Object.values(results)) {
        assert.deepEqual([verdict, exitCode], ["failed", 3]);
        assert.deepEqual([textOf(stdout), textOf(stderr)], [`/\n0\n${nice}\n`, "to stderr\n"]);
      }
    });

    await t.step("output that is no text comes back byte for byte", async () => {
      const file = `${web1.root}/random`;
      const command = `head -c 300000 /dev/urandom > ${file}; cat ${file}`;
      const { "web-1": result } = await operator.runToEnd({ command, target: "web-1" });
      assert.equal(result?.verdict, "complete");
      assert.deepEqual(bytesOf(result?.stdout), await Deno.readFile(file));
    });

    await t.step("of a gigabyte of output the beginning and the end are kept", async () => {
      const command = "echo first; head -c 1000000000 /dev/zero; echo last";
      const { "web-1": result } = await operator.runToEnd({
        command,
        target: "web-1",
        timeoutSecs: 600,
      });
      assert.equal(result?.verdict, "complete");
      const text = textOf(result?.stdout);
      assert.ok(text.startsWith("first\n\0") && text.endsWith("\0last\n"));
      assert.match(text, /… 998951435 bytes left out …/);
    });

    await t.step("a timeout ends children too, and those that do not want to end", async () => {
      const pids = `${web1.root}/pids`;
      const stubborn = `trap "" TERM; echo $$ >> ${pids}; while :; do sleep 1; done`;
      const command = `trap "" TERM; sh -c '${stubborn}' & echo $$ >> ${pids}; wait; sleep 600`;
      const { "web-1": result } = await operator.runToEnd({
        command,
        target: "web-1",
        timeoutSecs: 2,
      });
      assert.deepEqual([result?.verdict, result?.exitCode], ["timeout", null]);
      const started = (await linesOf(pids)).map(Number);
      assert.equal(started.length, 2);
      await eventually("all of them are gone", () => !started.some(isAlive), PATIENCE_MS);
    });

    await t.step(
      "what the server refuses can be forced, and the agent still refuses it",
      async () => {
        const request = { command: "sh -c 'systemctl  stop vigo-envoy'", target: "web-1" };
        const { status, text } = await fleet.api("/task", { method: "POST", json: request });
        assert.equal(status, 423);
        assert.equal(JSON.parse(text).guardrail.pattern, "systemctl stop vigo");
        const { "web-1": result } = await operator.runToEnd({ ...request, force: true });
        assert.equal(result?.verdict, "rejected");
        assert.match(result?.reason ?? "", /guardrails refuse it.*systemctl stop vigo/);
        const { text: audit } = await fleet.api("/audit?limit=20");
        const records: { action: string; payload: Record<string, unknown> }[] =
          JSON.parse(audit).records;
        const [dispatched] = records.filter(({ action }) => action === "task.dispatch");
        assert.equal(dispatched?.payload["forced"], true);
        const [blocked] = records.filter(({ action }) => action === "task.blocked");
        assert.equal(blocked?.payload["pattern"], "systemctl stop vigo");
      },
    );

    await t.step("a follower sees output while it is written, and the end", async () => {
      const go = `${web1.root}/go`;
      const command = `echo hello; while [ ! -e ${go} ]; do sleep 0.1; done; echo bye`;
      const { id } = await operator.run({ command, target: "web-1", timeoutSecs: 600 });
      const following = follow(fleet, id);
      // Also whoever comes later, and one that hangs up.
      await operator.running(id);
      await Deno.writeTextFile(go, "");
      const events = await following;
      const [first] = events, last = events.at(-1);
      assert.ok(first?.kind === "task" && first.task.status === "running");
      assert.ok(last?.kind === "task" && last.task.status === "complete");
      assert.ok(
        events.some((event) =>
          event.kind === "targets" && event.targets[0]?.verdict === "complete"
        ),
      );
      const afterwards = await follow(fleet, id);
      assert.deepEqual(afterwards.at(-1), last);
    });

    await t.step("a cancel ends what runs; two at once are one", async () => {
      const { id } = await operator.run({ command: "sleep 600", target: "*", timeoutSecs: 900 });
      await operator.running(id);
      const cancel = () => fleet.api(`/task/${id}/cancel`, { method: "POST", json: {} });
      const answers = await Promise.all([cancel(), cancel()]);
      for (const { text } of answers) taskCancel.answer.parse(JSON.parse(text));
      assert.equal((await operator.over(id)).status, "cancelled");
      for (const { verdict } of Object.values(await operator.results(id))) {
        assert.equal(verdict, "cancelled");
      }
      const { text } = await cancel();
      assert.equal(taskCancel.answer.parse(JSON.parse(text)).status, "cancelled");
    });

    await t.step(
      "batches wait for the health check, which ends the run when it fails",
      async () => {
        const healthCheckUrl = `http://127.0.0.1:${site.addr.port}/health`;
        const rolling = { command: "true", target: "*", batchSize: "1", healthCheckUrl };
        assert.equal((await operator.over((await operator.run(rolling)).id)).status, "complete");
        assert.equal(probes, 2);
        health = 503;
        const aborted = await operator.over((await operator.run(rolling)).id);
        assert.deepEqual([aborted.status, aborted.counts.skipped], ["aborted", 2]);
        assert.match(aborted.reason ?? "", /status 503/);
        const elsewhere = { ...rolling, healthCheckUrl: "http://lb.example.com/health" };
        const { status, text } = await fleet.api("/task", { method: "POST", json: elsewhere });
        assert.equal(status, 400);
        assert.match(text, /health_check_hosts: \[.*lb\.example\.com/);
      },
    );

    await t.step("a task that failures abort skips who comes later", async () => {
      const summary = await operator.over(
        (await operator.run({ command: "false", target: "*", batchSize: "1", maxFailures: "0" }))
          .id,
      );
      assert.deepEqual([summary.status, summary.counts.failed, summary.counts.skipped], [
        "aborted",
        1,
        2,
      ]);
    });

    await t.step(
      "the server goes away while a command runs, and goes on with the task",
      async () => {
        const file = `${web1.root}/outlives`;
        const command =
          `echo ran >> ${file}; while [ ! -e ${file}.go ]; do sleep 0.1; done; echo out`;
        const { id } = await operator.run({ command, target: "web-*", timeoutSecs: 600 });
        await operator.running(id);
        await fleet.killServer();
        await Deno.writeTextFile(`${file}.go`, "");
        // One agent is gone as well when the server comes back, with its result on disk.
        await fleet.stopAgent(web2);
        await fleet.startServer();
        await fleet.startAgent(web2);
        await operator.over(id);
        for (const { verdict, stdout } of Object.values(await operator.results(id))) {
          // The agent that was stopped may have been so before its command ended.
          if (verdict !== "lost") {
            assert.deepEqual([verdict, textOf(stdout)], ["complete", "out\n"]);
          }
        }
        assert.equal((await operator.results(id))["web-1"]?.verdict, "complete");
        assert.equal((await linesOf(file)).length, 2, "each ran it once");
        await everybodyThere();
      },
    );

    await t.step("an agent that is killed while a command runs never runs it again", async () => {
      const file = `${web1.root}/once`;
      const command = `echo $$ >> ${file}; while :; do sleep 1; done`;
      const { id } = await operator.run({ command, target: "web-1", timeoutSecs: 600 });
      await eventually("it runs", async () => (await linesOf(file)).length > 0, PATIENCE_MS);
      await fleet.killAgent(web1);
      await fleet.startAgent(web1);
      await operator.over(id);
      const { "web-1": result } = await operator.results(id);
      assert.equal(result?.verdict, "lost");
      assert.match(result?.reason ?? "", /agent ended while the command ran/);
      const pids = await linesOf(file);
      assert.equal(pids.length, 1);
      // Nobody who lives knows of it: without a supervisor's control group what a killed agent left goes on.
      for (const pid of pids) sendSignal(-Number(pid), "SIGKILL");
      await everybodyThere();
    });

    await t.step("who has no stream is offline, and who is revoked is not waited for", async () => {
      const { id } = await operator.run({
        command: "sleep 600",
        target: "web-2",
        timeoutSecs: 900,
      });
      await operator.running(id);
      await fleet.cli("envoys", "revoke", "web-2");
      assert.equal((await operator.over(id)).status, "failed");
      assert.equal((await operator.results(id))["web-2"]?.verdict, "lost");
      await fleet.killAgent(web1);
      const { plan } = await eventually("the server has noticed", async () => {
        const answer = await operator.plan({ command: "true", target: "web-*" });
        return answer.plan.offline.length === 1 && answer;
      }, PATIENCE_MS);
      assert.deepEqual([plan.batches, plan.offline], [[], ["web-1"]]);
      const results = await operator.runToEnd({ command: "true", target: "web-*" });
      assert.deepEqual(Object.keys(results), ["web-1"]);
      assert.equal(results["web-1"]?.verdict, "offline");
    });
  }, { sections });
});

Deno.test("an agent follows what its server signed for it, and nothing else that its stream brings", async (t) => {
  await using server = await ScriptedServer.start();
  await using root = await TemporaryRoot.create();
  const bootstrap = ["bootstrap", "--server", server.rest, "--hostname", "web-1"];
  const { code, stderr } = await runCommand(
    Deno.execPath(),
    programCommand("vigo", [...bootstrap, "--pin", server.pin, "--root", root.path]),
    { env: { VIGO_TOKEN: "vget_0123456789abcdefghij" } },
  );
  assert.equal(code, 0, stderr);
  await using daemon = startProgram("vigo", ["daemon", "--root", root.path], {});
  await eventually("its stream is open", () => server.hellos.length > 0, PATIENCE_MS);
  const enrolment = await readEnrolment(agentPaths(rootPaths(root.path)).configFolder);
  assert.ok(enrolment);
  const file = root.join("ran");
  const order = (name: string, change: object = {}, signer = server.signer) => {
    const { payload, signature } = sealDocument("taskDispatch", {
      schema: 1,
      envoyUuid: enrolment.envoyUuid,
      taskId: makeTaskId(),
      command: `echo ${name} >> ${file}`,
      timeoutMs: 60_000,
      nice: 0,
      maxOutputBytes: 4_096,
      live: false,
      issuedAtMs: Date.now(),
      expiresAtMs: Date.now() + 3_600_000,
      ...change,
    }, signer);
    return { payload: Buffer.from(payload), signature: Buffer.from(signature) };
  };
  const altered = order("good");
  altered.payload = Buffer.from(altered.payload.toString().replace("good", "evil"));
  server.tell({ taskDispatch: altered });
  server.tell({ taskDispatch: order("forged", {}, generateEd25519().signer) });
  server.tell({ taskDispatch: order("another", { envoyUuid: crypto.randomUUID() }) });
  server.tell({ taskDispatch: order("late", { expiresAtMs: Date.now() - 60_000 }) });
  const good = order("good");
  server.tell({ taskDispatch: good });
  server.tell({ taskDispatch: good });
  const verdicts = () => server.said.flatMap(({ taskResult }) => taskResult?.verdict ?? []);
  await eventually("the late one is rejected", () => verdicts().includes("rejected"), PATIENCE_MS);
  for (const { taskResult } of server.said) {
    if (taskResult) server.tell({ taskResultStored: { taskId: taskResult.taskId } });
  }
  await eventually("the good one is complete", () => verdicts().includes("complete"), PATIENCE_MS);
  assert.deepEqual(await linesOf(file), ["good"]);
  const refusals = daemon.lines.filter(({ text }) => text.includes("may not come from the server"));
  assert.equal(refusals.length, 3);

  await t.step(
    "a command goes on while its stream is away, and its result comes on the next",
    async () => {
      const go = root.join("go");
      const slow = order("slow", {
        command: `echo slow >> ${file}; while [ ! -e ${go} ]; do sleep 0.1; done; echo done`,
      });
      server.tell({ taskDispatch: slow });
      await eventually("it runs", async () => (await linesOf(file)).includes("slow"), PATIENCE_MS);
      await server.goAway();
      const ended = () => daemon.lines.filter(({ text }) => text.includes("task ended")).length;
      const endedBefore = ended(), hellosBefore = server.hellos.length;
      await Deno.writeTextFile(go, "");
      await eventually("it has ended", () => ended() > endedBefore, PATIENCE_MS);
      server.said.length = 0;
      await server.comeBack();
      await eventually("a stream is open", () => server.hellos.length > hellosBefore, PATIENCE_MS);
      // As a server does that does not know how far the agent has come.
      server.tell({ taskDispatch: slow });
      const result = await eventually(
        "its result comes",
        () => server.said.find(({ taskResult }) => taskResult?.stdout?.head.length)?.taskResult,
        PATIENCE_MS,
      );
      assert.deepEqual([result.verdict, result.stdout?.head.toString()], ["complete", "done\n"]);
      assert.deepEqual(await linesOf(file), ["good", "slow"], "it ran once");
    },
  );
});
