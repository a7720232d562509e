import assert from "node:assert/strict";
import { createLocalContext } from "../cli/local_context.ts";
import { createProgram } from "../cli/program.ts";
import { loadStacks } from "../server/stacks/load_stacks.ts";
import { formatProblem } from "../server/stacks/problem_list.ts";
import { TASK_KEYS } from "../server/stacks/read_task.ts";
import { PARAMETER_KEYS } from "../server/stacks/read_task_parameters.ts";
import { stackFiles } from "../server/stacks/stack_fixture.ts";
import { VERDICTS } from "../shared/tasks/verdict.ts";

const page = await Deno.readTextFile(new URL("../docs/tasks.md", import.meta.url));

/** The first cells of every row of the page's tables. */
const rows = [...page.matchAll(/^\| (.+?) +\|/gm)].map(([, cell = ""]) => cell);

Deno.test("the page of tasks has every flag of vigocli task run, every key and every verdict", () => {
  const program = createProgram(createLocalContext(new AbortController().signal));
  const run = program.commands.find((one) => one.name() === "task")?.commands
    .find((one) => one.name() === "run");
  const connection = ["--server", "--ca", "--token-file", "--root", "--json"];
  const flags = run?.options.map(({ long }) => long ?? "") ?? [];
  assert.ok(flags.length > connection.length);
  const written = rows.join(" ");
  for (
    const word of [
      ...flags.filter((flag) => !connection.includes(flag)),
      ...TASK_KEYS,
      ...PARAMETER_KEYS,
      ...VERDICTS,
    ]
  ) assert.ok(written.includes(`\`${word}\``), word);
});

Deno.test("the task on the page is one that the loader takes", () => {
  const [, text = ""] = /```yaml\n([^]*?)```/.exec(page) ?? [];
  const { tree, problems } = loadStacks(stackFiles({ "tasks/restart_app.vgo": text }));
  assert.deepEqual(problems.map(formatProblem), []);
  assert.deepEqual([...tree.tasks.keys()], ["restart-app"]);
});
