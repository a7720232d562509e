import assert from "node:assert/strict";
import { MAX_WAITING, WakeQueue } from "./wake_queue.ts";

const manual = { trigger: "manual", dryRun: false, force: false } as const;

Deno.test("the bell rings while something waits and is quiet again afterwards", () => {
  const queue = new WakeQueue();
  assert.equal(queue.bell.aborted, false);
  queue.add(manual);
  assert.equal(queue.bell.aborted, true);
  assert.equal(queue.next(), manual);
  assert.equal(queue.bell.aborted, false);
  assert.equal(queue.next(), undefined);
});

Deno.test("pushes are one wish, forced if one of them was", () => {
  const queue = new WakeQueue();
  queue.push(false);
  queue.push(true);
  queue.push(false);
  assert.equal(queue.next()?.force, true);
  assert.equal(queue.next(), undefined);
});

Deno.test("callers past the limit are turned away, pushes never", () => {
  const queue = new WakeQueue();
  for (let i = 0; i < MAX_WAITING; i++) assert.ok(queue.add(manual));
  assert.equal(queue.add(manual), false);
  queue.push(false);
  for (let i = 0; i < MAX_WAITING; i++) queue.next();
  assert.equal(queue.next()?.trigger, "push");
});
