import assert from "node:assert/strict";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { runCli } from "../../shared/terminal/run_cli.ts";
import type { AgentContext } from "./context.ts";
import { createPoolqProgram } from "./poolq_program.ts";
import { createProgram } from "./program.ts";

const WIDTH = 80;

/** What `vigo <path> --help` prints. */
async function helpOf(path: readonly string[], create = createProgram): Promise<string> {
  let text = "";
  const context: AgentContext = {
    write: (part) => void (text += part),
    writeError: (part) => void (text += part),
    isTerminal: false,
    env: {},
    signal: new AbortController().signal,
    now: () => 0,
    readStdin: () => Promise.resolve(undefined),
  };
  await runCli(create(context), { ...context, args: [...path, "--help"] });
  return text;
}

function* pathsOf(command: CommandUnknownOpts, path: readonly string[] = []): Generator<string[]> {
  yield [...path];
  for (const child of command.commands) yield* pathsOf(child, [...path, child.name()]);
}

Deno.test("the help of every command has examples and fits a terminal of 80 columns", async () => {
  const context = { env: {} } as AgentContext;
  const paths = [...pathsOf(createProgram(context))];
  assert.ok(paths.length > 10);
  for (const path of paths) {
    const help = await helpOf(path);
    const wide = help.split("\n").filter(({ length }) => length > WIDTH);
    assert.deepEqual(wide, [], `vigo ${path.join(" ")}`);
    assert.match(help, /^Examples:$/m, `vigo ${path.join(" ")}`);
  }
});

Deno.test("the verbs of queues are the same in the program that has no others", async () => {
  const context = { env: {} } as AgentContext;
  const isQueues = ([first, second]: string[]) => first === "swarm" && second === "poolq";
  const paths = [...pathsOf(createProgram(context))].filter(isQueues);
  assert.deepEqual([...pathsOf(createPoolqProgram(context))].filter(isQueues), paths);
  assert.ok(paths.length > 5);
  for (const path of paths) {
    assert.equal(await helpOf(path, createPoolqProgram), await helpOf(path), path.join(" "));
  }
});

Deno.test("the help of pause promises what a paused agent does, and no more", async () => {
  const help = (await helpOf(["pause"])).replaceAll("\n", " ");
  assert.match(help, /checks in and carries files for others/);
  assert.doesNotMatch(help, /task/);
});
