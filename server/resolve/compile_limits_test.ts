import assert from "node:assert/strict";
import { formatProblem } from "../stacks/problem_list.ts";
import { stackFiles } from "../stacks/stack_fixture.ts";
import { runSteps, type Steps } from "../steps/steps.ts";
import { checkStacks } from "./check_stacks.ts";
import { COMPILE_LIMITS, CompileLimitError, limitSteps } from "./compile_limits.ts";
import { PolicyCompiler } from "./policy_compiler.ts";

/** What a machine reports decides how often this goes round. */
const LOOPS = `name: a
foreach: "{{ traits.outer }}"
resources:
  - file: /x/{{ item }}
    foreach: "{{ traits.inner }}"
    when: "item == 'never'"
`;

function compiler(limits = COMPILE_LIMITS) {
  const checked = checkStacks(stackFiles({
    "envoys.vgo": 'match: "*"\nconfigcrates: [a]\n',
    "configcrates/a.vgo": LOOPS,
  }));
  assert.ok(checked.ok);
  return new PolicyCompiler(checked.tree, limits);
}

const list = (length: number) => Array.from({ length }, (_, at) => `i${at}`);

function countSteps(steps: Steps<unknown>): number {
  for (let count = 0;; count++) if (steps.next().done) return count;
}

Deno.test("what takes long for one host can be left between any two turns", () => {
  const host = { hostname: "h", traits: { outer: list(20), inner: list(50) } };
  assert.ok(countSteps(compiler().compileInSteps(host)) >= 20 * 50);
});

Deno.test("a host that reports too much is refused after so many steps, with its name and the place", () => {
  const host = { hostname: "h", traits: { outer: list(5000), inner: list(5000) } };
  const limited = compiler({ ...COMPILE_LIMITS, maxSteps: 3000 });
  assert.ok(countSteps(limited.compileInSteps(host)) <= 3001);
  const compiled = limited.compile(host);
  assert.ok(!compiled.ok);
  assert.deepEqual(compiled.problems.map(formatProblem), [
    'configcrates/a.vgo:4:5: policy of "h" takes more than 3000 steps to compile: shorten the lists that "foreach" goes through, and the loops of templates',
  ]);
  assert.deepEqual(compiled.reads, ["*"], "another report is another attempt");
  assert.ok(limited.compile({ hostname: "g", traits: { outer: ["o"], inner: ["i"] } }).ok);
});

Deno.test("only the time of its own counts against the limit of a host", () => {
  let atMs = 0;
  function* work(): Steps<string> {
    for (let turn = 0; turn < 10; turn++) {
      atMs += 1;
      yield;
    }
    return "done";
  }
  const limits = { maxSteps: 100, maxMs: 10, nowMs: () => atMs };
  const steps = limitSteps(work(), limits);
  let step = steps.next();
  while (!step.done) {
    atMs += 1000;
    step = steps.next();
  }
  assert.equal(step.value, "done");
  assert.throws(
    () => runSteps(limitSteps(work(), { ...limits, maxMs: 9 })),
    (error) => error instanceof CompileLimitError && error.message === "takes longer than 0.009 s",
  );
});
