import assert from "node:assert/strict";
import fc from "fast-check";
import { advanceWorkflow, type OrderedStep, type StepState } from "./advance_workflow.ts";
import { judgeSteps } from "./judge_steps.ts";
import { FAILURE_POLICIES } from "./workflow.ts";

const WAITING: StepState = { status: "waiting", reason: null };

function step(name: string, needs: string[] = [], onFailure: "stop" | "continue" = "stop") {
  return { name, needs, onFailure };
}

/** Where each step is, once these are over so and all that follows from it is settled. */
function settle(
  steps: readonly OrderedStep[],
  over: Readonly<Record<string, StepState["status"]>>,
  isCancelled = false,
) {
  const states = steps.map(({ name }) => ({ status: over[name] ?? "waiting", reason: null }));
  const { status, steps: after, ready } = advanceWorkflow(steps, states, isCancelled);
  return {
    status,
    steps: Object.fromEntries(steps.map(({ name }, at) => [name, after[at]?.status])),
    reasons: Object.fromEntries(steps.map(({ name }, at) => [name, after[at]?.reason])),
    ready: ready.map((at) => steps[at]?.name),
  };
}

Deno.test("what needs nothing begins at once, the rest when all it needs is complete", () => {
  const steps = [step("a"), step("b"), step("c", ["a", "b"])];
  assert.deepEqual(settle(steps, {}).ready, ["a", "b"]);
  assert.deepEqual(settle(steps, { a: "complete", b: "running" }).ready, []);
  assert.deepEqual(settle(steps, { a: "complete", b: "complete" }).ready, ["c"]);
  const over = settle(steps, { a: "complete", b: "complete", c: "complete" });
  assert.deepEqual([over.status, over.ready], ["complete", []]);
});

Deno.test("a step that fails stops everything that has not begun", () => {
  const steps = [step("a"), step("b"), step("c", ["b"]), step("d")];
  const { status, steps: after, reasons } = settle(steps, { a: "failed", b: "running" });
  assert.deepEqual([status, after], ["running", {
    a: "failed",
    b: "running",
    c: "skipped",
    d: "skipped",
  }]);
  assert.equal(reasons["c"], "a failed");
});

Deno.test("a step that fails with continue stops what needs it, and no other", () => {
  const steps = [step("a", [], "continue"), step("b", ["a"]), step("c", ["b"]), step("d")];
  const { steps: after, reasons, ready } = settle(steps, { a: "failed" });
  assert.deepEqual(after, { a: "failed", b: "skipped", c: "skipped", d: "waiting" });
  assert.deepEqual(ready, ["d"]);
  assert.deepEqual([reasons["b"], reasons["c"]], [
    "it needs a, which failed",
    "it needs b, which was skipped",
  ]);
});

Deno.test("a cancel ends what waits and leaves what runs to its end", () => {
  const steps = [step("a"), step("b", ["a"])];
  const during = settle(steps, { a: "running" }, true);
  assert.deepEqual([during.status, during.steps], ["running", { a: "running", b: "cancelled" }]);
  assert.equal(settle(steps, { a: "cancelled", b: "cancelled" }, true).status, "cancelled");
  assert.equal(settle(steps, { a: "complete", b: "complete" }, true).status, "complete");
});

/** Steps that need none but earlier ones, in any order of the file. */
const graphs = fc.array(
  fc.record({
    needs: fc.uniqueArray(fc.nat(30), { maxLength: 4 }),
    onFailure: fc.constantFrom(...FAILURE_POLICIES),
  }),
  { minLength: 1, maxLength: 12 },
).chain((drafts) => {
  const steps = drafts.map(({ needs, onFailure }, at): OrderedStep => ({
    name: `s${at}`,
    needs: at === 0 ? [] : [...new Set(needs.map((need) => `s${need % at}`))],
    onFailure,
  }));
  return fc.shuffledSubarray(steps, { minLength: steps.length });
});

const ENDS = ["complete", "complete", "complete", "failed", "cancelled"] as const;

interface World {
  readonly states: StepState[];
  readonly begun: string[];
  status: string;
}

/** Runs a workflow in a world that answers when and as it likes; after each change everything is looked at. */
function run(
  steps: readonly OrderedStep[],
  choices: readonly number[],
  { ends, cancelAt = Infinity }: { readonly ends: readonly string[]; readonly cancelAt?: number },
  look: (world: World, isCancelled: boolean) => void,
): World {
  const world: World = { states: steps.map(() => WAITING), begun: [], status: "running" };
  let turn = 0;
  const choose = (count: number) => (choices[turn++ % choices.length] ?? 0) % count;
  for (let count = 0; count <= steps.length * 3; count += 1) {
    const isCancelled = count >= cancelAt;
    const { status, steps: after, ready } = advanceWorkflow(steps, world.states, isCancelled);
    assert.deepEqual(
      advanceWorkflow(steps, structuredClone([...after]), isCancelled),
      { status, steps: after, ready },
      "asking again, as after a restart, changes nothing",
    );
    world.states.splice(0, Infinity, ...after);
    world.status = status;
    look(world, isCancelled);
    if (status !== "running") return world;
    const running = after.flatMap((state, at) => state.status === "running" ? [at] : []);
    const begin = ready[choose(ready.length + running.length)];
    if (begin !== undefined) {
      world.begun.push(steps[begin]?.name ?? "");
      world.states[begin] = { status: "running", reason: null };
      continue;
    }
    const over = running[choose(running.length)] ?? assert.fail("nothing runs and nothing begins");
    const status2 = ENDS.find((end) => end === ends[choose(ends.length)]) ?? "complete";
    world.states[over] = { status: status2, reason: null };
  }
  assert.fail("it does not end");
}

const choices = fc.array(fc.nat(1000), { minLength: 1, maxLength: 40 });

Deno.test("whatever happens, a workflow ends and no step begins twice or too early", () => {
  fc.assert(
    fc.property(
      graphs,
      choices,
      fc.option(fc.nat(20), { nil: Infinity }),
      (steps, order, cancelAt) => {
        const statusOf = (world: World, name: string) =>
          world.states[steps.findIndex((one) => one.name === name)]?.status;
        let before = new Set<string>(), stopped = false;
        const world = run(steps, order, { ends: ENDS, cancelAt }, (now, isCancelled) => {
          for (const name of now.begun) {
            const { needs } = steps.find((one) => one.name === name) ?? assert.fail();
            assert.ok(needs.every((need) => statusOf(now, need) === "complete"));
            if (!before.has(name)) assert.ok(!stopped, `${name} began after a stop`);
          }
          before = new Set(now.begun);
          stopped = isCancelled ||
            steps.some(({ name, onFailure }) =>
              onFailure === "stop" && ["failed", "cancelled"].includes(statusOf(now, name) ?? "")
            );
        });
        assert.equal(new Set(world.begun).size, world.begun.length);
        for (const [at, { status, reason }] of world.states.entries()) {
          const wasBegun = world.begun.includes(steps[at]?.name ?? "");
          if (status === "skipped") assert.ok(!wasBegun && reason !== null);
          if (!wasBegun) assert.ok(status === "skipped" || status === "cancelled");
        }
        const isWhole = world.states.every(({ status }) => status === "complete");
        assert.equal(world.status === "complete", isWhole);
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("where everything completes, everything begins", () => {
  fc.assert(fc.property(graphs, choices, (steps, order) => {
    const world = run(steps, order, { ends: ["complete"] }, () => {});
    assert.equal(world.status, "complete");
    assert.equal(world.begun.length, steps.length);
  }));
});

Deno.test("with continue, just what needs a failed step is skipped", () => {
  fc.assert(fc.property(graphs, choices, (graph, order) => {
    const steps = graph.map((one): OrderedStep => ({ ...one, onFailure: "continue" }));
    const world = run(steps, order, { ends: ["complete", "failed"] }, () => {});
    const status = new Map(steps.map(({ name }, at) => [name, world.states[at]?.status]));
    for (const { name, needs } of steps) {
      const isHit = needs.some((need) => status.get(need) !== "complete");
      assert.equal(status.get(name) === "skipped", isHit);
    }
  }));
});

Deno.test("a circle is found in any graph that has one, and only there", () => {
  fc.assert(fc.property(graphs, fc.nat(), fc.nat(), (graph, from, to) => {
    const whole = graph.map((one) => ({ ...one, command: "true", params: {} }));
    assert.deepEqual(judgeSteps(whole), []);
    // One more need, from any step to any that waits for it, closes a circle.
    const start = whole[from % whole.length] ?? assert.fail();
    const after = whole.filter(({ name }) =>
      name !== start.name && reaches(whole, name, start.name)
    );
    const end = after[to % Math.max(1, after.length)];
    if (end === undefined) return;
    const closed = whole.map((one) =>
      one === start ? { ...one, needs: [...one.needs, end.name] } : one
    );
    const [problem] = judgeSteps(closed);
    const told = /wait for each other: (.*)$/.exec(problem?.message ?? "")?.[1]?.split(" → ") ?? [];
    assert.ok(told.length >= 3 && told[0] === told.at(-1), String(problem?.message));
    for (const [at, name] of told.slice(0, -1).entries()) {
      assert.ok(closed.find((one) => one.name === name)?.needs.includes(told[at + 1] ?? ""));
    }
  }));
});

function reaches(steps: readonly OrderedStep[], from: string, to: string): boolean {
  const needs = steps.find(({ name }) => name === from)?.needs ?? [];
  return needs.includes(to) || needs.some((need) => reaches(steps, need, to));
}
