import { Command } from "@commander-js/extra-typings";
import assert from "node:assert/strict";
import { asArgument, wholeNumber } from "./argument_parser.ts";
import { CommandExit } from "./command_exit.ts";
import { parseDuration } from "./duration.ts";
import { EXIT_CODE } from "./exit_code.ts";
import { hasFlag, runCli, withExamples } from "./run_cli.ts";
import { UserError } from "./user_error.ts";

interface Circumstances {
  readonly signal?: AbortSignal;
  readonly env?: Record<string, string>;
}

async function run(
  args: string[],
  act: () => unknown = () => {},
  { signal, env = {} }: Circumstances = {},
) {
  const program = new Command("vigocli").description("the admin command line").version("1.2.3");
  const task = program.command("task").description("run commands on envoys");
  const runCommand = task.command("run").description("run a command").argument("<command>")
    .option("--force", "overrule the guardrail", false)
    .option("--tag <name>", "repeatable", (name, others: string[]) => [...others, name], [])
    .option("--limit <n>", "how many", wholeNumber(1, 100), 20)
    .option("--retention <time>", "how long", asArgument(parseDuration))
    .action(async () => {
      await act();
    });
  withExamples(runCommand, [["vigocli task run uptime", "Ask for the uptime"]]);
  let output = "";
  let errors = "";
  const exitCode = await runCli(program, {
    args,
    write: (text) => output += text,
    writeError: (text) => errors += text,
    isTerminal: false,
    env,
    ...(signal && { signal }),
  });
  return { exitCode, output, errors };
}

Deno.test("a command that returns ends with status 0 and no word of the program's own", async () => {
  assert.deepEqual(await run(["task", "run", "true"]), { exitCode: 0, output: "", errors: "" });
});

Deno.test("help and version go to standard output with status 0", async () => {
  const help = await run(["task", "run", "--help"]);
  assert.equal(help.exitCode, 0);
  assert.match(help.output, /^Usage: vigocli task run/);
  assert.match(help.output, /Examples:\n {2}# Ask for the uptime\n {2}vigocli task run uptime\n/);
  assert.match(help.output, /how many \(default: 20\)\n/);
  assert.match(help.output, /overrule the guardrail\n.*repeatable\n/, "off and empty are plain");
  assert.deepEqual(await run(["--version"]), { exitCode: 0, output: "1.2.3\n", errors: "" });
  assert.equal((await run(["help", "task"])).exitCode, 0);
});

Deno.test("what makes no sense is one line with the remedy, status 2, and nothing is run", async () => {
  const cases: readonly [args: string[], line: string][] = [
    [["tusk"], `error: unknown command 'tusk' (did you mean task?). See "vigocli --help"`],
    [
      ["task", "run", "x", "--farce"],
      `error: unknown option '--farce' (did you mean --force?). See "vigocli task run --help"`,
    ],
    [["task", "run"], `error: missing required argument 'command'. See "vigocli task run --help"`],
    [
      ["task", "run", "x", "--limit", "0"],
      `error: option '--limit <n>' argument '0' is invalid. Write a whole number, 1 to 100. ` +
      `See "vigocli task run --help"`,
    ],
    [
      ["task", "run", "x", "--retention", "30"],
      `error: option '--retention <time>' argument '30' is invalid. Cannot read duration "30". ` +
      `Add a unit, as in 30s. See "vigocli task run --help"`,
    ],
  ];
  for (const [args, line] of cases) {
    const unreached = () => assert.fail("the command was run");
    assert.deepEqual(await run(args, unreached), { exitCode: 2, output: "", errors: `${line}\n` });
  }
});

Deno.test("too many arguments and escape sequences stay on one safe line", async () => {
  const { exitCode, errors } = await run(["task", "ru\x1b[2J\nn"]);
  assert.equal(exitCode, 2);
  assert.match(errors, /^error: unknown command 'ru\\u\{1b\}\[2J\\nn'.*\n$/);
  assert.match((await run(["task", "run", "a", "b"])).errors, /^error: too many arguments.*\n$/);
});

Deno.test("a group without its verb shows its help as an error", async () => {
  const { exitCode, output, errors } = await run(["task"]);
  assert.equal(exitCode, 2);
  assert.equal(output, "");
  assert.match(errors, /^Usage: vigocli task/);
});

Deno.test("an expected failure is one line with its own status, its causes only with --verbose", async () => {
  const fail = () => {
    const options = { exitCode: EXIT_CODE.unreachable, cause: new Error("refused") };
    throw new UserError("Cannot reach https://vigo:8443. Start the server", options);
  };
  const line = "error: Cannot reach https://vigo:8443. Start the server\n";
  assert.deepEqual(await run(["task", "run", "x"], fail), {
    exitCode: 4,
    output: "",
    errors: line,
  });
  const verbose = await run(["task", "run", "x", "--verbose"], fail);
  assert.equal(verbose.errors, `${line}  caused by: Error: refused\n`);
});

Deno.test("an unexpected error is called a bug, with status 1", async () => {
  const { exitCode, errors } = await run(["task", "run", "x"], () => {
    throw new TypeError("oops");
  });
  assert.equal(exitCode, 1);
  assert.match(errors, /^error: TypeError: oops\. This is a bug\..*--verbose.*\n$/);
});

Deno.test("a command that has said all ends with its status in silence", async () => {
  const { exitCode, errors } = await run(["task", "run", "x"], () => {
    throw new CommandExit(EXIT_CODE.refused);
  });
  assert.equal(exitCode, 3);
  assert.equal(errors, "");
});

Deno.test("what an interrupted command throws is not an error", async () => {
  const interruption = new AbortController();
  const { exitCode, errors } = await run(["task", "run", "x"], () => {
    interruption.abort();
    interruption.signal.throwIfAborted();
  }, interruption);
  assert.equal(exitCode, 130);
  assert.equal(errors, "");
});

Deno.test("a request that an interrupt cut short is not reported as a failure of its own", async () => {
  const interruption = new AbortController();
  const { exitCode, errors } = await run(["task", "run", "x"], () => {
    interruption.abort();
    throw new UserError("Cannot reach the server", { exitCode: EXIT_CODE.unreachable });
  }, interruption);
  assert.equal(exitCode, 130);
  assert.equal(errors, "");
});

Deno.test("an interrupted command may still say what goes on without it", async () => {
  const interruption = new AbortController();
  const { exitCode, errors } = await run(["task", "run", "x"], () => {
    interruption.abort();
    throw new UserError("Task t1 goes on", { exitCode: EXIT_CODE.interrupted });
  }, interruption);
  assert.equal(exitCode, 130);
  assert.equal(errors, "error: Task t1 goes on\n");
});

Deno.test("headings of help are bold where colors are wanted, never on standard error", async () => {
  const env = { FORCE_COLOR: "1" };
  const act = () => {};
  const { output } = await run(["--help"], act, { env });
  assert.ok(output.startsWith("\x1b[1mUsage:\x1b[22m "));
  assert.match((await run(["--help", "--no-color"], act, { env })).output, /^Usage: /);
  assert.match((await run(["task"], act, { env })).errors, /^Usage: /);
});

Deno.test("a flag after -- is text", () => {
  assert.equal(hasFlag(["a", "--verbose"], "--verbose"), true);
  assert.equal(hasFlag(["a", "--", "--verbose"], "--verbose"), false);
});
