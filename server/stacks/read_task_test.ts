import assert from "node:assert/strict";
import { loadStacks } from "./load_stacks.ts";
import { formatProblem } from "./problem_list.ts";
import { stackFiles } from "./stack_fixture.ts";

function problemsOf(text: string, others: Readonly<Record<string, string>> = {}): string[] {
  return loadStacks(stackFiles({ "tasks/a.vgo": text, ...others })).problems.map(formatProblem);
}

Deno.test("a task has what its file says, and nothing it does not say", () => {
  const { tree, problems } = loadStacks(stackFiles({
    "tasks/app.vgo": [
      "name: restart-app",
      "description: Restarts the application",
      "params:",
      "  - name: env",
      "    pattern: staging|production",
      "  - {name: mode, default: 0644}",
      "  - {name: note, required: false}",
      "command: restart --env={{ params.env }} {{ params.mode }} {{ params.note }}",
      "timeout: 5m",
      "batch_size: 25%",
      "max_failures: 2",
    ].join("\n"),
    "tasks/plain.vgo": "name: plain\ncommand: uptime\n",
  }));
  assert.deepEqual(problems, []);
  const app = tree.tasks.get("restart-app");
  assert.deepEqual(
    app?.params.map(({ name, required, default: value }) => [name, required, value]),
    [
      ["env", true, undefined],
      ["mode", false, "0644"],
      ["note", false, undefined],
    ],
  );
  assert.deepEqual(
    [app?.timeoutSecs, app?.batchSize, app?.maxFailures, app?.nice, app?.healthCheckUrl],
    [300, "25%", "2", undefined, undefined],
  );
  assert.deepEqual(tree.tasks.get("plain")?.params, []);
});

Deno.test("every mistake of a task is told with its place and what was expected", () => {
  assert.deepEqual(
    problemsOf(
      [
        "name: a b",
        "params:",
        "  - {name: env, type: strin}",
        "  - {name: x-y}",
        "  - {name: n, type: integer, default: many}",
        "  - {name: p, pattern: '(a'}",
        "  - {name: p2, pattern: 'a)|(?:b'}",
        "  - {name: r, required: true, default: 1}",
        "  - {nam: z}",
        'command: echo "{{ params.env }}" {{ vars.x }}',
        "timeout: 2d",
        "nice: -1",
        "batch_size: 0",
        "max_failures: few",
        "health_check_url: lb.example.com/health",
      ].join("\n"),
    ),
    [
      'tasks/a.vgo:1:7: "a b" cannot be the name of a task: expected up to 128 letters, digits, "_", "." and "-"',
      'tasks/a.vgo:3:23: unknown type "strin". Did you mean "string"?',
      'tasks/a.vgo:4:12: "x-y" cannot be a parameter: expected letters, digits and "_", as in "app_env"',
      'tasks/a.vgo:5:39: default "many" is none of the values it allows: expected a whole number',
      'tasks/a.vgo:6:24: expected a regular expression in the syntax of RE2 for "pattern": missing closing ): `(a`',
      'tasks/a.vgo:7:25: expected a regular expression in the syntax of RE2 for "pattern": unexpected ): `a)|(?:b`',
      "tasks/a.vgo:8:25: a parameter that is required has no default: remove one of the two",
      'tasks/a.vgo:9:5: parameter without a name: add "name:"',
      'tasks/a.vgo:9:6: unknown key "nam" in a parameter. Did you mean "name"?',
      "tasks/a.vgo:10:16: a parameter stands inside of quotes: it brings its own, so end them before it",
      'tasks/a.vgo:10:34: "{{ vars.x }}" names no parameter: expected {{ params.NAME }}; for braces of the command itself write {{ "{{" }}',
      'tasks/a.vgo:11:10: expected whole seconds or a duration such as 5m for "timeout", from 1s to 24h, found string "2d"',
      'tasks/a.vgo:12:7: expected 0 to 19 for "nice", found number "-1"',
      'tasks/a.vgo:13:13: Cannot read batch size "0": "0" is no size. Use a count (5), a percentage (25%) or steps (1,5,25%)',
      'tasks/a.vgo:14:15: Cannot read "few" as a number of failures. Use a count (2) or a percentage (10%)',
      'tasks/a.vgo:15:19: "lb.example.com/health" is no address of a health check: expected http:// or https://',
    ],
  );
});

Deno.test("parameters and the command that uses them must fit each other", () => {
  const params = "params: [{name: env}, {name: unused}, {name: env}]\n";
  assert.deepEqual(problemsOf(`name: a\n${params}command: x {{ params.env }} {{ params.evn }}\n`), [
    'tasks/a.vgo:2:39: duplicate parameter "env": tasks/a.vgo:2:10 has that name',
  ]);
  const distinct = "params: [{name: env}, {name: unused}]\n";
  assert.deepEqual(
    problemsOf(`name: a\n${distinct}command: x {{ params.env }} {{ params.evn }}\n`),
    [
      'tasks/a.vgo:3:10: parameter "unused" is not in the command: use it or remove it',
      'tasks/a.vgo:3:29: unknown parameter "evn". Did you mean "env"?',
    ],
  );
});

Deno.test("a mistake in a command of several lines is told where it stands", () => {
  const text = "name: a\nparams: [{name: x}]\ncommand: |\n  set -e\n  echo '{{ params.x }}'\n";
  assert.match(problemsOf(text)[0] ?? "", /^tasks\/a\.vgo:5:9: .*inside of quotes/);
});

Deno.test("two tasks of one name are a mistake, wherever their files stand", () => {
  const text = "name: a\ncommand: uptime\n";
  assert.deepEqual(problemsOf(text, { "tasks/more/b.vgo": text }), [
    'tasks/more/b.vgo:1:7: duplicate task "a": tasks/a.vgo:1:7 has that name',
  ]);
});
