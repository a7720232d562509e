import { Argument, Command, Option } from "@commander-js/extra-typings";
import assert from "node:assert/strict";
import { describeCommand } from "./command_tree.ts";
import { completionScript, type Shell, SHELLS } from "./completion.ts";

function sampleProgram() {
  const program = new Command("vigocli").description("It's the admin command line")
    .option("--no-color", "plain text").version("1.0.0");
  const task = program.command("task").description("run: commands `now`\non envoys");
  task.command("run").description("run a command").argument("<command>")
    .option("-t, --target <spec>", "which envoys")
    .addOption(new Option("--sort <key>", "order").choices(["name", "state"]))
    .option("--json", "as JSON");
  task.command("list").description("recent tasks");
  task.command("_hidden", { hidden: true });
  program.command("completion").description("print a completion script")
    .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"]));
  return program;
}

const TREE = describeCommand(sampleProgram());

Deno.test("a program is described without what it hides", () => {
  const task = TREE.subcommands.find(({ name }) => name === "task");
  assert.deepEqual(task?.subcommands.map(({ name }) => name), ["run", "list", "help"]);
  assert.deepEqual(task?.subcommands[0]?.options, [
    { flags: ["-t", "--target"], description: "which envoys", takesValue: true, choices: [] },
    { flags: ["--sort"], description: "order", takesValue: true, choices: ["name", "state"] },
    { flags: ["--json"], description: "as JSON", takesValue: false, choices: [] },
    {
      flags: ["-h", "--help"],
      description: "display help for command",
      takesValue: false,
      choices: [],
    },
  ]);
  assert.deepEqual(TREE.subcommands[1]?.arguments, [
    { name: "shell", choices: ["bash", "zsh", "fish"] },
  ]);
});

Deno.test("a word that a shell could act on never gets into a script", () => {
  const hostile = new Command("vigocli");
  hostile.command("run").addOption(new Option("--as <user>").choices(["$(reboot)"]));
  for (const shell of SHELLS) {
    assert.throws(() => completionScript(shell, describeCommand(hostile)), /"\$\(reboot\)" holds/);
  }
});

/** What is typed, one word each, the last being completed; what is offered. */
const CASES: readonly [typed: readonly string[], offered: readonly string[]][] = [
  [["ta"], ["task"]],
  [["task", ""], ["run", "list", "help"]],
  [["task", "run", "--js"], ["--json"]],
  [["task", "run", "--no"], ["--no-color"]],
  [["task", "list", "--so"], []],
  [["task", "run", "--sort", ""], ["name", "state"]],
  [["--no-color", "task", "run", "--sort", "st"], ["state"]],
  [["task", "run", "-t", "list", "--sort", "na"], ["name"]],
  [["completion", "f"], ["fish"]],
  [["task run", ""], ["task", "completion", "help"]],
];

Deno.test({
  name: "bash offers the commands, options and choices that fit what is typed",
  ignore: !isInstalled("bash"),
  fn: () => {
    const bashCases: typeof CASES = [
      ...CASES,
      // As bash itself cuts --sort=na.
      [["task", "run", "--sort", "=", "na"], ["name"]],
      [["task", "run", "--sort", "="], ["name", "state"]],
      [["task", "run", "--target", "=", "list", "--sort", ""], ["name", "state"]],
    ];
    const queries = bashCases.map(([typed]) =>
      `COMP_WORDS=(vigocli ${typed.map((word) => `'${word}'`).join(" ")}); ` +
      `COMP_CWORD=${typed.length}; COMPREPLY=(); _vigocli_complete; echo "\${COMPREPLY[*]}"`
    );
    const answers = run("bash", ["--norc", "--noprofile"], ["set -u", script("bash"), ...queries]);
    assert.deepEqual(answers.map((line) => line.split(" ").filter(Boolean)), expected(bashCases));
  },
});

Deno.test({
  name: "fish offers the commands, options and choices that fit what is typed",
  ignore: !isInstalled("fish"),
  fn: () => {
    const cases = CASES.filter(([typed, offered]) => offered.length > 0 && typed[0] !== "task run");
    const queries = cases.map(([typed]) =>
      `echo (complete -C 'vigocli ${typed.join(" ")}' | string replace -r '\\t.*' '')`
    );
    const answers = run("fish", ["--no-config"], [script("fish"), ...queries]);
    assert.deepEqual(answers.map((line) => line.split(" ").sort()), sorted(expected(cases)));
  },
});

Deno.test({
  name: "zsh offers the commands, options and choices that fit what is typed",
  ignore: !isInstalled("zsh"),
  fn: () => {
    // The completion system needs a terminal; these stand for the four of its functions that the script calls.
    const completionSystem = [
      "compdef() { :; }",
      "_files() { echo; }",
      "compset() { cur=${cur#*=}; }",
      "compadd() { shift; print -r -- ${(M)@:#${cur}*}; }",
      "_describe() { local -a offered=(${(@P)2}); print -r -- ${(M)${offered[@]%%:*}:#${cur}*}; }",
    ];
    const zshCases: typeof CASES = [...CASES, [["task", "run", "--sort=na"], ["name"]]];
    const queries = zshCases.map(([typed]) =>
      `words=(vigocli ${typed.map((word) => `'${word}'`).join(" ")}); ` +
      `CURRENT=${typed.length + 1}; _vigocli_complete`
    );
    const answers = run("zsh", ["-f"], [...completionSystem, script("zsh"), ...queries]);
    assert.deepEqual(answers.map((line) => line.split(" ").filter(Boolean)), expected(zshCases));
  },
});

function script(shell: Shell): string {
  return completionScript(shell, TREE);
}

function expected(cases: typeof CASES): string[][] {
  return cases.map(([, offered]) => [...offered]);
}

function sorted(lists: string[][]): string[][] {
  return lists.map((list) => list.sort());
}

function isInstalled(shell: Shell): boolean {
  try {
    return new Deno.Command(shell, { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs `lines` in a shell and returns what it prints, line by line; whatever it complains about fails the test. */
function run(shell: Shell, options: string[], lines: string[]): string[] {
  const file = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(file, `${lines.join("\n")}\n`);
    const { success, stdout, stderr } = new Deno.Command(shell, { args: [...options, file] })
      .outputSync();
    assert.equal(new TextDecoder().decode(stderr), "");
    assert.ok(success);
    return new TextDecoder().decode(stdout).split("\n").slice(0, -1);
  } finally {
    Deno.removeSync(file);
  }
}
