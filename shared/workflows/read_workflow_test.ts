import assert from "node:assert/strict";
import fc from "fast-check";
import { readWorkflow } from "./read_workflow.ts";

function problemsOf(text: string): readonly string[] {
  const read = readWorkflow(text, "w.yaml");
  return read.ok ? [] : read.problems;
}

Deno.test("a file is read with its defaults, durations, and values as they are written", () => {
  const read = readWorkflow(
    `name: upgrade
description: one after the other
target: "web-*"
steps:
  - name: drain
    command: drain
    timeout: 5m
    batch_size: 25
    max_failures: 10%
  - name: restart
    task: restart-app
    params: {mode: 0644, quiet: true}
    needs: drain
    on_failure: continue
    timeout: 90
    target: web-1
    health_check_url: http://lb.example.com/
    nice: 5
`,
    "w.yaml",
  );
  assert.deepEqual(read, {
    ok: true,
    workflow: {
      name: "upgrade",
      description: "one after the other",
      steps: [
        {
          name: "drain",
          command: "drain",
          params: {},
          target: "web-*",
          needs: [],
          onFailure: "stop",
          timeoutSecs: 300,
          batchSize: "25",
          maxFailures: "10%",
        },
        {
          name: "restart",
          task: "restart-app",
          params: { mode: "0644", quiet: "true" },
          target: "web-1",
          needs: ["drain"],
          onFailure: "continue",
          timeoutSecs: 90,
          healthCheckUrl: "http://lb.example.com/",
          nice: 5,
        },
      ],
    },
  });
});

Deno.test("every mistake is told with its place, what is written and what is wanted", () => {
  const problems = problemsOf(`name: x
target: "*"
owner: me
steps:
  - name: a
    comand: "true"
    batch-size: 5
  - name: b
    command: "true"
    timeout: 5x
    target: "web-*,"
    on_failure: ignore
    batch_size: 0
    nice: 40
  - 7
`);
  assert.deepEqual(problems.map((line) => line.split(": ").slice(0, 2).join(": ")), [
    'w.yaml:3:1: unknown key "owner"',
    'w.yaml:6:5: unknown key "comand". Did you mean "command"?',
    'w.yaml:7:5: unknown key "batch-size". Did you mean "batch_size"?',
    'w.yaml:10:14: step 2, timeout "5x"',
    'w.yaml:11:13: step 2, target "web-*,"',
    'w.yaml:12:17: step 2, on_failure "ignore"',
    'w.yaml:13:17: step 2, batch_size "0"',
    "w.yaml:14:11: step 2, nice 40",
    "w.yaml:15:5: step 3 7",
  ]);
});

Deno.test("steps that cannot be ordered are refused with where they are written", () => {
  const steps = (...lines: string[]) =>
    problemsOf(`name: x\ntarget: "*"\nsteps:\n${lines.map((line) => `  - ${line}\n`).join("")}`);
  assert.deepEqual(
    steps("{name: a, command: x, needs: [b]}", "{name: b, command: x, needs: [a]}"),
    ["w.yaml:4:34: step 1, needs: these steps wait for each other: a → b → a"],
  );
  assert.deepEqual(steps("{name: first, command: x}", "{name: b, command: x, needs: [frist]}"), [
    'w.yaml:5:35: step 2, needs.0 "frist": no step is called "frist". Did you mean "first"?',
  ]);
  assert.deepEqual(steps("{name: a, command: x}", "{name: a, command: x}"), [
    'w.yaml:5:12: step 2, name "a": step 1 has that name already',
  ]);
  assert.deepEqual(steps("{name: a, command: x, needs: [a]}"), [
    'w.yaml:4:35: step 1, needs.0 "a": a step cannot need itself',
  ]);
  assert.deepEqual(
    steps("{name: a, command: x}", "{name: b, command: x, needs: [a, a]}"),
    ['w.yaml:5:38: step 2, needs.1 "a": it needs "a" already'],
  );
  assert.deepEqual(steps("{name: a}", "{name: b, command: x, task: y}"), [
    "w.yaml:4:5: step 1: expected either a command or a task",
    "w.yaml:5:5: step 2: expected either a command or a task",
  ]);
  assert.deepEqual(steps("{name: a, command: x, params: {b: c}}"), [
    "w.yaml:4:35: step 1, params: expected parameters with a named task alone",
  ]);
});

Deno.test("what is no workflow at all is told in one line", () => {
  for (const text of ["", "- 1", "7"]) {
    assert.deepEqual(problemsOf(text), [
      "w.yaml:1:1: expected a map with a name and a list of steps",
    ]);
  }
  assert.deepEqual(problemsOf("name: x"), ["w.yaml:1:1: steps is missing"]);
  assert.deepEqual(problemsOf("name: x\nsteps: []"), [
    "w.yaml:2:8: steps: expected at least one step",
  ]);
  assert.deepEqual(problemsOf("name: &x x\ndescription: *x"), [
    "w.yaml:2:14: aliases are not taken: write it out",
  ]);
  assert.match(problemsOf("name: x\nname: y")[0] ?? "", /^w\.yaml:2:1: /);
  assert.match(problemsOf("#".repeat(600_000))[0] ?? "", /600000 characters/);
  const many = Array.from({ length: 51 }, (_, at) => `  - {name: s${at}, command: x}\n`).join("");
  assert.deepEqual(problemsOf(`name: x\ntarget: "*"\nsteps:\n${many}`), [
    "w.yaml:4:3: steps: expected at most 50 steps",
  ]);
});

Deno.test("whatever a file holds is read or told, never thrown", () => {
  const words = fc.constantFrom(
    ..."name: |steps:|  - |target: |needs: |[a]|*|&a|{}|\n|params:| ~|!!set|a|0x1|timeout: 5m|? |: "
      .split("|"),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.array(words).map((parts) => parts.join(""))), (text) => {
      const read = readWorkflow(text, "w.yaml");
      assert.ok(read.ok || read.problems.every((line) => /^w\.yaml:\d+:\d+: ./.test(line)));
    }),
    { numRuns: 500 },
  );
});
