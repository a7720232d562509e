import assert from "node:assert/strict";
import type { TaskEvent } from "../../shared/rest/tasks.ts";
import { someTarget, someTask } from "../store/task_fixture.ts";
import { TaskFollowers } from "./task_followers.ts";
import { showTarget, summarizeTask } from "./task_views.ts";

const HOUR_MS = 3_600_000;
/** When the reader gives up. */
const PATIENCE_MS = 60_000;

/** A task of two targets that ends when the test says so. */
class FakeTask {
  readonly targets = 2;
  isOver = false;

  summary() {
    const { record, progress } = someTask("t1");
    const status = this.isOver ? "complete" : "running";
    return summarizeTask({ record, progress: { ...progress, status } }, 0);
  }

  target(position: number) {
    return showTarget(someTarget(position), this.isOver ? "over" : "running");
  }
}

Deno.test("a reader hears of the end at once, though other changes are told together", async () => {
  const task = new FakeTask();
  const followers = new TaskFollowers(task, HOUR_MS);
  const events: TaskEvent[] = [];
  const told = Promise.withResolvers<void>();
  const reading = (async () => {
    for await (const event of followers.follow("root", AbortSignal.timeout(PATIENCE_MS))) {
      events.push(event);
      if (event.kind === "targets") told.resolve();
    }
  })();
  await told.promise;
  followers.noteTarget(0);
  followers.noteTask();
  // The reader now waits for what else changes.
  await Promise.resolve();
  task.isOver = true;
  followers.noteTarget(1);
  followers.noteTask();
  await reading;
  const last = events.at(-1);
  assert.ok(last?.kind === "task" && last.task.status === "complete");
  const changed = events.flatMap((event) =>
    event.kind === "targets" ? [event.targets.map(({ position }) => position)] : []
  );
  assert.deepEqual(changed, [[0, 1], [0, 1]]);
  assert.equal(followers.count, 0);
});
