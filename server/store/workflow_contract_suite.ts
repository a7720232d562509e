import assert from "node:assert/strict";
import { noVerdicts } from "../../shared/tasks/verdict.ts";
import type { Store } from "./store.ts";
import { CursorError } from "./store_error.ts";
import type { StoredWorkflow, WorkflowProgress } from "./workflow_store.ts";

type Promised = (sentence: string, check: (store: Store) => Promise<void>) => void;

/** What every store promises of workflows; part of its contract suite. */
export function testWorkflowContract(promise: Promised): void {
  promise("a workflow comes back as it was added, and its id is taken once", async (s) => {
    const workflow = someWorkflow("w0000000001");
    assert.equal(await s.workflows.add(workflow), true);
    assert.equal(await s.workflows.add(someWorkflow("w0000000001", 5)), false);
    assert.deepEqual(await s.workflows.find("w0000000001"), workflow);
    assert.equal(await s.workflows.find("w0000000002"), undefined);
  });

  promise("workflows are found by the beginning of their id", async (s) => {
    for (const id of ["w1a00000000", "w1a00000001", "w1b00000000"]) {
      await s.workflows.add(someWorkflow(id));
    }
    assert.deepEqual(await s.workflows.findIds("w1a", 5), ["w1a00000000", "w1a00000001"]);
    assert.deepEqual(await s.workflows.findIds("w1", 2), ["w1a00000000", "w1a00000001"]);
  });

  promise("workflows are paged newest first, and those of one moment by their id", async (s) => {
    for (let at = 0; at < 5; at += 1) {
      await s.workflows.add(someWorkflow(`w000000000${at}`, at < 3 ? 7 : 8));
    }
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await s.workflows.list({ limit: 2, ...(cursor === null ? {} : { cursor }) });
      ids.push(...page.workflows.map(({ record }) => record.id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    assert.deepEqual(ids.map((id) => id.at(-1)), ["4", "3", "2", "1", "0"]);
    await assert.rejects(s.workflows.list({ limit: 1, cursor: "nonsense" }), CursorError);
  });

  promise("the progress of a workflow is replaced, and goes back with a transaction", async (s) => {
    await s.workflows.add(someWorkflow("w0000000001", 2));
    await s.workflows.add(someWorkflow("w0000000002", 1));
    const unfinished = async () =>
      (await s.workflows.listUnfinished()).map(({ record }) => record.id);
    assert.deepEqual(await unfinished(), ["w0000000002", "w0000000001"]);
    const failed = s.transaction(async (inside) => {
      await inside.workflows.saveProgress("w0000000001", overAt(9));
      throw new Error("no");
    });
    await assert.rejects(failed, /no/);
    assert.equal((await unfinished()).length, 2);
    await s.workflows.saveProgress("w0000000001", overAt(9));
    await s.workflows.saveProgress("w0000000009", overAt(9));
    assert.deepEqual(await unfinished(), ["w0000000002"]);
    assert.deepEqual((await s.workflows.find("w0000000001"))?.progress, overAt(9));
  });

  promise("old workflows go, the oldest first; what runs stays however old it is", async (s) => {
    for (const [id, finishedAtMs] of [["1", 6], ["2", 5], ["3", 50]] as const) {
      await s.workflows.add({
        ...someWorkflow(`w000000000${id}`),
        progress: overAt(finishedAtMs),
      });
    }
    await s.workflows.add(someWorkflow("w0000000004"));
    assert.equal(await s.workflows.prune(10, 1), 1);
    assert.equal(await s.workflows.find("w0000000002"), undefined);
    assert.equal(await s.workflows.prune(10, 5), 1);
    assert.equal(await s.workflows.prune(10, 5), 0);
    assert.deepEqual(await s.workflows.findIds("w", 9), ["w0000000003", "w0000000004"]);
  });
}

function someWorkflow(id: string, createdAtMs = 1): StoredWorkflow {
  const settings = { nice: 0, maxFailures: null, healthCheckUrl: null, timeoutSecs: 60 };
  return {
    record: {
      id,
      createdAtMs,
      name: "upgrade",
      description: "über",
      operator: "ada",
      principal: "local-root",
      forced: false,
      steps: [{
        ...settings,
        name: "drain",
        command: "echo 'ü'",
        task: null,
        params: {},
        target: "web-*",
        needs: [],
        onFailure: "stop",
        batchSize: "1,25%",
      }, {
        ...settings,
        name: "restart",
        command: "restart app",
        task: "restart-app",
        params: { env: "staging" },
        target: "web-*",
        needs: ["drain"],
        onFailure: "continue",
        batchSize: null,
      }],
    },
    progress: {
      status: "running",
      isCancelled: false,
      reason: null,
      finishedAtMs: null,
      steps: [0, 1].map(() => ({
        status: "waiting",
        reason: null,
        taskId: null,
        targets: 0,
        counts: noVerdicts(),
        startedAtMs: null,
        finishedAtMs: null,
      })),
    },
  };
}

function overAt(finishedAtMs: number): WorkflowProgress {
  return {
    status: "cancelled",
    isCancelled: true,
    reason: "cancelled by ada",
    finishedAtMs,
    steps: [{
      status: "failed",
      reason: "1 of 2 targets failed",
      taskId: "t0000000001",
      targets: 2,
      counts: { ...noVerdicts(), complete: 1, failed: 1 },
      startedAtMs: 2,
      finishedAtMs: 3,
    }],
  };
}
