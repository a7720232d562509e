import assert from "node:assert/strict";
import { REAL_CLOCK, runInSlices, SLICE_MS } from "./run_in_slices.ts";
import { runSteps, type Steps } from "./steps.ts";

/** A clock that goes on by what each step says it takes. */
class FakeClock {
  #nowMs = 0;
  readonly pauses: number[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  spend(ms: number): void {
    this.#nowMs += ms;
  }

  pause(): Promise<void> {
    this.pauses.push(this.#nowMs);
    return Promise.resolve();
  }
}

function* spend(clock: FakeClock, steps: readonly number[]): Steps<string> {
  for (const ms of steps) {
    clock.spend(ms);
    yield;
  }
  return "done";
}

Deno.test("work pauses when its slice of time is over, however many steps that was", async () => {
  const clock = new FakeClock();
  const steps = [...Array<number>(SLICE_MS * 2).fill(0.5), SLICE_MS * 10, 0.5];
  assert.equal(await runInSlices(spend(clock, steps), clock), "done");
  assert.deepEqual(clock.pauses, [SLICE_MS, SLICE_MS * 11]);
});

Deno.test("work that fits into one slice is not interrupted", async () => {
  const clock = new FakeClock();
  await runInSlices(spend(clock, [1, 1]), clock);
  assert.deepEqual(clock.pauses, []);
});

Deno.test("what a step throws is thrown, in slices and at once", async () => {
  function* fail(): Steps<never> {
    yield;
    throw new RangeError("no");
  }
  await assert.rejects(runInSlices(fail()), RangeError);
  assert.throws(() => runSteps(fail()), RangeError);
});

Deno.test("timers run between two slices", async () => {
  const clock = new FakeClock();
  const heard: string[] = [];
  setTimeout(() => heard.push("timer"), 0);
  function* wait(): Steps<void> {
    yield* spend(clock, [SLICE_MS, 1]);
    heard.push("done");
  }
  // Time is told by hand; the pause is the real one.
  await runInSlices(wait(), { ...REAL_CLOCK, nowMs: () => clock.nowMs() });
  assert.deepEqual(heard, ["timer", "done"]);
});
