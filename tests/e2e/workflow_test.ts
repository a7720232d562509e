import assert from "node:assert/strict";
import { join } from "node:path";
import { auditList } from "../../shared/rest/audit.ts";
import { taskRun } from "../../shared/rest/tasks.ts";
import { workflowList, workflowRun, workflowShow } from "../../shared/rest/workflows.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { startProgram } from "../support/run_program.ts";
import { eventually } from "../support/eventually.ts";
import { TestFleet } from "../support/test_fleet.ts";

/** A machine ten times slower than this one, and busy. */
const PATIENCE_MS = 180_000;

/** The lines of a file that commands write; none while it is not there. */
async function linesOf(path: string): Promise<string[]> {
  try {
    return (await Deno.readTextFile(path)).trim().split("\n");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

Deno.test("a workflow on a fleet runs on the server, whatever happens to who started it", async (t) => {
  await TestFleet.run(["hub", "web-1"], async (fleet) => {
    await fleet.join();
    await eventually("every agent has a stream", async () => {
      const json = { command: "true", target: "*", dryRun: true };
      const answer = await fleet.api("/task", { method: "POST", json });
      const { plan } = taskRun.answer.parse(answer.json);
      return plan.offline.length === 0 && plan.batches[0]?.length === 2;
    }, PATIENCE_MS);
    const journal = join(fleet.hub.root, "journal");
    const write = async (name: string, text: string) => {
      const path = join(fleet.hub.root, name);
      await Deno.writeTextFile(path, text);
      return path;
    };
    const steps = async (id: string) => {
      const shown = await fleet.ask(workflowShow, "workflow", "status", id);
      return shown.steps.map(({ name, status }) => `${name}=${status}`).join(" ");
    };
    /** Starts `vigocli workflow run` and waits for the id that it prints. */
    const start = async (path: string) => {
      const process = startProgram("vigocli", fleet.cliArguments("workflow", "run", path), {
        NO_COLOR: "1",
      });
      const [, id = ""] = await process.waitForLine(/^Workflow (w\S+) started$/, PATIENCE_MS);
      return { process, id };
    };

    await t.step("a dry run names steps and targets, and nothing is sent", async () => {
      const path = await write(
        "plan.yaml",
        `name: plan
target: "*"
steps:
  - name: first
    command: echo no >> ${journal}
    batch_size: 1
  - name: second
    command: echo no >> ${journal}
    needs: [first]
    target: web-1
`,
      );
      const shown = await fleet.cli("workflow", "run", path, "--dry-run");
      assert.match(shown, /Step first: echo no/);
      assert.match(shown, /Batch 0: hub\n {2}Batch 1: web-1\n/);
      assert.match(shown, /Step second \(after first\): .*\n {2}Batch 0: web-1\n/);
      const { plan } = await fleet.ask(workflowRun, "workflow", "run", path, "--dry-run");
      assert.deepEqual(plan?.steps.map(({ plan }) => plan.batches), [
        [["hub"], ["web-1"]],
        [["web-1"]],
      ]);
      assert.deepEqual(await linesOf(journal), []);
    });

    await t.step(
      "what is no workflow is told with its place; a guardrail sends nothing",
      async () => {
        const bad = await fleet.tryCli(
          "workflow",
          "run",
          await write("bad.yaml", "name: bad\nsteps:\n  - {name: a, command: x}\n  - {nmae: b}\n"),
        );
        assert.equal(bad.code, EXIT_CODE.usage);
        assert.match(bad.stderr, /bad\.yaml:4:6: unknown key "nmae"\. Did you mean "name"\?/);
        const blocked = await fleet.tryCli(
          "workflow",
          "run",
          await write(
            "blocked.yaml",
            `name: blocked
target: "*"
steps:
  - {name: a, command: "echo no >> ${journal}"}
  - {name: b, command: "systemctl stop vigo"}
`,
          ),
        );
        assert.equal(blocked.code, EXIT_CODE.refused);
        assert.match(blocked.stderr, /pattern: systemctl stop vigo/);
        assert.match(blocked.stderr, /Step "b": .* --force/);
        assert.deepEqual(await linesOf(journal), []);
        const { workflows } = await fleet.ask(workflowList, "workflow", "list");
        assert.deepEqual(workflows, []);
      },
    );

    await t.step("a step that fails stops what needs it, and the others go on", async () => {
      const path = await write(
        "fails.yaml",
        `name: fails
target: web-1
steps:
  - name: bad
    command: exit 3
    on_failure: continue
  - {name: hit, command: "echo hit >> ${journal}", needs: bad}
  - {name: other, command: "echo other >> ${journal}"}
  - {name: last, command: "echo last >> ${journal}", needs: other}
`,
      );
      const { code, stdout, stderr } = await fleet.tryCli("workflow", "run", path);
      assert.equal(code, EXIT_CODE.failed, stderr);
      assert.match(stdout, /^bad: failed \(task t\w+\): 1 failed of 1 target$/m);
      assert.match(stdout, /^hit: skipped: it needs bad, which failed$/m);
      assert.match(stderr, /is not complete: 2 complete, 1 failed, 1 skipped/);
      assert.deepEqual(await linesOf(journal), ["other", "last"]);
      await Deno.remove(journal);
    });

    await t.step("the server is killed in the middle and goes on; no step runs twice", async () => {
      const go = join(fleet.hub.root, "go");
      const path = await write(
        "long.yaml",
        `name: long
target: "*"
steps:
  - name: wait
    command: echo one >> ${journal}; while [ ! -e ${go} ]; do sleep 0.1; done
    timeout: 10m
  - {name: after, command: "echo two >> ${journal}", needs: wait}
`,
      );
      const { process: watching, id } = await start(path);
      await using _ = watching;
      await eventually(
        "both run the first step",
        async () => (await linesOf(journal)).length === 2,
        PATIENCE_MS,
      );
      await fleet.killServer();
      await fleet.startServer();
      await Deno.writeTextFile(go, "");
      assert.equal((await watching.exited).code, EXIT_CODE.ok);
      assert.equal(await steps(id), "wait=complete after=complete");
      assert.deepEqual((await linesOf(journal)).sort(), ["one", "one", "two", "two"]);
      const { records } = auditList.answer.parse((await fleet.api("/audit?limit=100")).json);
      const own = records.filter(({ payload }) => payload["workflow"] === id);
      assert.deepEqual(own.map(({ action, payload }) => [action, payload["step"]]).reverse(), [
        ["task.dispatch", "wait"],
        ["task.dispatch", "after"],
      ]);
      assert.ok(
        records.some(({ action, payload }) => action === "workflow.run" && payload["id"] === id),
      );
    });

    await t.step("who stops watching leaves it running; a cancel ends it", async () => {
      const path = await write(
        "sleep.yaml",
        `name: sleep
target: "*"
steps:
  - {name: long, command: sleep 600, timeout: 20m}
  - {name: never, command: "echo never >> ${journal}", needs: long}
`,
      );
      const { process: watching, id } = await start(path);
      await using _ = watching;
      await watching.waitForLine(/^long: running/, PATIENCE_MS);
      watching.signal("SIGINT");
      assert.equal((await watching.exited).code, EXIT_CODE.interrupted);
      assert.ok(watching.output().includes(`vigocli workflow status ${id}`));
      assert.equal(await steps(id), "long=running never=waiting");
      await fleet.cli("workflow", "cancel", id);
      const over = await eventually("it is over", async () => {
        const shown = await fleet.ask(workflowShow, "workflow", "status", id);
        return shown.status !== "running" && shown;
      }, PATIENCE_MS);
      assert.equal(over.status, "cancelled");
      assert.equal(await steps(id), "long=cancelled never=cancelled");
      assert.deepEqual([over.steps[0]?.counts.cancelled], [2]);
      assert.match(await fleet.cli("workflow", "list"), new RegExp(`${id} +sleep +cancelled`));
      const ended = await fleet.tryCli("workflow", "cancel", id);
      assert.deepEqual([ended.code, /is over: cancelled/.test(ended.stdout)], [0, true]);
    });
  });
});
