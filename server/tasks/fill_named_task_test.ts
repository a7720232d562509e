import assert from "node:assert/strict";
import { loadStacks } from "../stacks/load_stacks.ts";
import { stackFiles } from "../stacks/stack_fixture.ts";
import { fillNamedTask } from "./fill_named_task.ts";

const { tree: { tasks }, problems } = loadStacks(stackFiles({
  "tasks/restart.vgo": [
    "name: restart-app",
    "params:",
    "  - {name: env, description: where it runs, pattern: 'stag.*|production'}",
    "  - {name: count, type: integer, default: 1}",
    "  - {name: quick, type: boolean, default: false}",
    "  - {name: note, required: false}",
    "command: restart {{ params.env }} {{ params.count }} {{ params.quick }} {{ params.note }}",
    "timeout: 90",
    "batch_size: 1",
  ].join("\n"),
  "tasks/plain.vgo": "name: plain\ncommand: uptime\n",
}));
assert.deepEqual(problems, []);

const fill = (name: string, given: Record<string, string> = {}) =>
  fillNamedTask(tasks, name, given);

Deno.test("values, defaults and nothing each become one word", () => {
  assert.deepEqual(fill("restart-app", { env: "staging'; reboot '", quick: "true" }), {
    ok: true,
    value: {
      command: "restart 'staging'\\''; reboot '\\''' '1' 'true' ''",
      timeoutSecs: 90,
      batchSize: "1",
    },
  });
  assert.deepEqual(fill("plain"), { ok: true, value: { command: "uptime" } });
});

Deno.test("missing, malformed and unknown parameters are refused all at once, with their names", () => {
  const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{}, /parameter "env" is missing \(where it runs\)$/],
    [{ env: "prod" }, /parameter "env" cannot be "prod": expected to match stag\.\*\|production$/],
    [{ env: "productionx" }, /expected to match/],
    [{ env: "xstaging" }, /expected to match/],
    [{ env: "production", count: "1.5" }, /"count" cannot be "1\.5": expected a whole number/],
    [{ env: "production", quick: "yes" }, /"quick" cannot be "yes": expected true or false/],
    [{ env: "production", note: "a\0b" }, /"note" cannot be .*: expected text without zero bytes/],
    [{ env: "production", note: "x".repeat(5000) }, /5000 characters, at most 4096/],
    [{ env: "production", enf: "x" }, /unknown parameter "enf"\. Did you mean "env"\?/],
    [{ env: "production", toString: "x" }, /unknown parameter "toString": it takes env, count/],
    [{ count: "x" }, /"env" is missing.*; parameter "count" cannot be "x"/],
  ];
  for (const [given, message] of cases) {
    const answer = fill("restart-app", given);
    assert.ok(!answer.ok, JSON.stringify(given));
    assert.equal(answer.status, 400);
    assert.match(answer.message, message);
  }
  const none = fill("plain", { x: "1" });
  assert.match(none.ok ? "" : none.message, /unknown parameter "x": it takes none/);
});

Deno.test("a task that is not there is refused with what was probably meant", () => {
  const answer = fill("restart-ap");
  assert.deepEqual(answer.ok ? answer : [answer.status, answer.message], [
    404,
    'No task of the live version is called "restart-ap". Did you mean "restart-app"?',
  ]);
  const nothing = fillNamedTask(undefined, "x", {});
  assert.match(nothing.ok ? "" : nothing.message, /See them with: vigocli task list --named/);
});

Deno.test("a command that its parameters make too long is refused", () => {
  const many = Array.from({ length: 20 }, (_, index) => `p${index}`);
  const { tree } = loadStacks(stackFiles({
    "tasks/long.vgo": `name: long\nparams: [${
      many.map((name) => `{name: ${name}}`)
    }]\ncommand: echo ${many.map((name) => `{{ params.${name} }}`).join(" ")}\n`,
  }));
  const given = Object.fromEntries(many.map((name) => [name, "'".repeat(4096)]));
  const answer = fillNamedTask(tree.tasks, "long", given);
  assert.match(answer.ok ? "" : answer.message, /has 327\d+ bytes, at most 65536 may be/);
});
