import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import assert from "node:assert/strict";
import { join } from "node:path";
import type { z } from "zod";
import { createProgram as createAgentProgram } from "../../agent/commands/program.ts";
import { createLocalContext } from "../../cli/local_context.ts";
import { createProgram } from "../../cli/program.ts";
import { createProgram as createServerProgram } from "../../server/program.ts";
import { auditList, auditVerify } from "../../shared/rest/audit.ts";
import {
  configDiff,
  configHistory,
  configPublish,
  configValidate,
} from "../../shared/rest/config.ts";
import { enrollTokenList } from "../../shared/rest/enroll.ts";
import { envoyList, envoyShow } from "../../shared/rest/envoys.ts";
import { runList, runShow } from "../../shared/rest/runs.ts";
import { filecastList, filecastShow } from "../../shared/rest/swarm.ts";
import { type CommandNode, describeCommand } from "../../shared/terminal/command_tree.ts";
import { runCli } from "../../shared/terminal/run_cli.ts";
import { programCommand } from "../support/run_program.ts";
import type { ProgramName } from "../../tools/permissions.ts";
import { eventually } from "../support/eventually.ts";
import { findFreePort } from "../support/free_port.ts";
import { TestProcess } from "../support/process.ts";
import { type CommandResult, runCommand } from "../support/run_command.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { TestFleet } from "../support/test_fleet.ts";

const DEADLINE_MS = 180_000;
/** Programs started at a time, so that two cores are busy and no more. */
const PARALLEL = 4;
/** Everything that moves a cursor, sets a colour or hides text; line feeds and tabs may be printed. */
const ACTING = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const signal = new AbortController().signal;
const COMMANDS = {
  vigocli: () => createProgram(createLocalContext(signal)),
  vigo: () =>
    createAgentProgram({
      write: () => {},
      writeError: () => {},
      isTerminal: false,
      env: {},
      signal,
      now: () => 0,
      readStdin: () => Promise.resolve(undefined),
    }),
  vigosrv: () => createServerProgram({ write: () => {}, env: () => undefined, signal }),
} as const satisfies Record<ProgramName, () => CommandUnknownOpts>;
const PROGRAMS = {
  vigocli: describeCommand(COMMANDS.vigocli()),
  vigo: describeCommand(COMMANDS.vigo()),
  vigosrv: describeCommand(COMMANDS.vigosrv()),
} as const satisfies Record<ProgramName, CommandNode>;

interface Verb {
  readonly path: readonly string[];
  readonly node: CommandNode;
}

/** Every command of a program down to its leaves, without those that the library adds. */
function verbs(node: CommandNode, path: readonly string[] = []): Verb[] {
  const below = node.subcommands.filter(({ name }) => name !== "help");
  return [{ path, node }, ...below.flatMap((each) => verbs(each, [...path, each.name]))];
}

function run(
  program: ProgramName,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return runCommand(Deno.execPath(), programCommand(program, args), {
    env: { NO_COLOR: "", ...env },
  });
}

/** What a program answers to a command line that touches nothing, without a process for each. */
async function answerHere(program: ProgramName, args: readonly string[]): Promise<CommandResult> {
  let stdout = "";
  let stderr = "";
  const code = await runCli(COMMANDS[program](), {
    args,
    write: (text) => void (stdout += text),
    writeError: (text) => void (stderr += text),
    isTerminal: false,
    env: {},
  });
  return { code, stdout, stderr };
}

async function inParallel<T>(items: readonly T[], perform: (item: T) => Promise<void>) {
  const queue = items.values();
  await Promise.all(Array.from({ length: PARALLEL }, async () => {
    for (const item of queue) await perform(item);
  }));
}

/** Asserts that a command failed with a status and exactly one line on standard error. */
function assertFails(result: CommandResult, code: number, line: RegExp): void {
  assert.equal(result.code, code, result.stderr);
  assert.match(result.stderr, /^error: [^\n]+\n$/);
  assert.match(result.stderr, line);
}

for (const [program, tree] of Object.entries(PROGRAMS)) {
  // Object.entries widens the names that `satisfies` has checked.
  const name = program as ProgramName;
  Deno.test(`every verb of ${name} has help with examples, in plain text on a pipe`, async () => {
    assert.deepEqual(await run(name, ["--help"]), await answerHere(name, ["--help"]));
    for (const { path } of verbs(tree)) {
      const { code, stdout, stderr } = await answerHere(name, [...path, "--help"]);
      const what = [name, ...path].join(" ");
      assert.deepEqual([code, stderr], [0, ""], what);
      assert.ok(stdout.startsWith(`Usage: ${what}`), stdout);
      assert.doesNotMatch(stdout, ACTING, what);
      assert.match(stdout, new RegExp(`^Examples:\n {2}# .+\n {2}.*${name}`, "m"), what);
    }
  });

  Deno.test(`the completion script of ${name} loads in bash and completes its verbs`, async () => {
    await using folder = await TemporaryRoot.create();
    const { code, stdout } = await run(name, ["completion", "bash"]);
    assert.equal(code, 0);
    await Deno.writeTextFile(folder.join("completion"), stdout);
    const loaded = await runCommand("bash", [
      "--norc",
      "-c",
      `source "$0" && complete -p ${name}`,
      folder.join("completion"),
    ]);
    assert.deepEqual([loaded.code, loaded.stderr], [0, ""]);
    for (const shell of ["zsh", "fish"]) {
      const script = await run(name, ["completion", shell]);
      assert.deepEqual([script.code, script.stdout.includes(name)], [0, true]);
    }
    assertFails(await run(name, ["completion", "tcsh"]), 2, /'tcsh'.*Allowed choices/);
  });
}

Deno.test("every verb of vigocli that answers can answer in JSON", () => {
  const without = verbs(PROGRAMS.vigocli)
    .filter(({ node }) => node.subcommands.length === 0)
    .filter(({ node }) => !node.options.some(({ flags }) => flags.includes("--json")))
    .map(({ path }) => path.join(" "));
  assert.deepEqual(without, ["completion"]);
});

Deno.test("every list of vigocli that ends at a limit can be gone on with", () => {
  const has = (options: readonly { readonly flags: readonly string[] }[], flag: string) =>
    options.some(({ flags }) => flags.includes(flag));
  const without = verbs(PROGRAMS.vigocli)
    .filter(({ node: { options } }) => has(options, "--limit") && !has(options, "--cursor"))
    .map(({ path }) => path.join(" "));
  // Messages of a queue are numbered: the next page is --from a number.
  assert.deepEqual(without.filter((verb) => !verb.startsWith("swarm poolq")), []);
});

Deno.test("what makes no sense is refused with status 2 and the nearest word", async () => {
  const cases: readonly (readonly [args: readonly string[], line: RegExp])[] = [
    [["envoy"], /unknown command 'envoy' \(did you mean envoys\?\)\. See "vigocli --help"/],
    [["config", "publsh"], /unknown command 'publsh' \(did you mean publish\?\)/],
    [["envoys", "list", "--jsn"], /unknown option '--jsn' \(did you mean --json\?\)/],
    [["runs", "list", "--limit", "many"], /--limit <count>.*'many'/],
    [["envoys", "show"], /missing required argument 'host'/],
    [["enroll", "token", "create", "--ttl", "soon"], /--ttl <duration>.*'soon'/],
    [["swarm", "distribute", "x"], /--target <spec>/],
    [
      ["swarm", "distribute", "/no/such", "--target", "*"],
      /Cannot read "\/no\/such": no such file/,
    ],
    [["workflow", "run", "/"], /Cannot read "\/": it is a folder\. Name a file/],
    [["envoys", "--server", "http://localhost"], /only https is spoken/],
    [["envoys", "--token-file", "/no/such"], /Cannot read token file "\/no\/such"/],
    [["enroll", "token", "create", "--ttl", "9999d"], /--ttl <duration>.*'9999d'.*1s to 30d/],
    [
      ["swarm", "distribute", "x", "--target", "*", "--retention", "3w"],
      /--retention <age>.*'3w'.*0, <n>h or <n>d/,
    ],
  ];
  await inParallel(cases, async ([args, line]) => {
    const result = await run("vigocli", args);
    assertFails(result, 2, line);
    assert.equal(result.stdout, "");
  });
});

Deno.test("stacks that lie elsewhere are checked without a server, by the program that knows the language", async () => {
  await using folder = await TemporaryRoot.create();
  const checkout = folder.join("checkout");
  await Deno.mkdir(join(checkout, "configcrates"), { recursive: true });
  await Deno.writeTextFile(join(checkout, "envoys.vgo"), 'match: "web-*"\nconfigcrates: [motd]\n');
  const write = (key: string) =>
    Deno.writeTextFile(
      join(checkout, "configcrates/motd.vgo"),
      `name: motd\nresources:\n  - file: /etc/motd\n    ${key}: x\n`,
    );
  await write("content");
  const valid = await run("vigosrv", ["validate", checkout]);
  assert.deepEqual([valid.code, valid.stdout, valid.stderr], [0, "Valid: 2 files\n", ""]);
  await write("contnet");
  const wrong = await run("vigosrv", ["validate", checkout]);
  assertFails(wrong, 1, /have 1 mistake$/m);
  assert.match(wrong.stdout, /^configcrates\/motd\.vgo:4:5: .*Did you mean "content"\?\n$/);
  const json = JSON.parse((await run("vigosrv", ["validate", checkout, "--json"])).stdout);
  assert.deepEqual([json.valid, json.files, json.problems.length], [false, 2, 1]);
  assertFails(
    await run("vigosrv", ["validate", folder.join("no")]),
    2,
    /there is no such folder$/m,
  );
  const sent = await run("vigocli", ["config", "validate", checkout]);
  assertFails(sent, 2, /vigocli sends no files\. Check it without a server: vigosrv validate/);
});

Deno.test("without a token nothing is permitted, wherever --root stands", async () => {
  for (const args of [["envoys", "--root", "/no/such"], ["--root", "/no/such", "envoys"]]) {
    const result = await run("vigocli", args);
    assertFails(result, 5, /No API token found\. Run this as root.*"?\/no\/such\//);
  }
});

Deno.test("a server that is away is status 4, and one with a certificate of nobody's too", async () => {
  await using folder = await TemporaryRoot.create();
  await Deno.writeTextFile(folder.join("token"), "vgot_0123456789abcdef");
  const flags = ["--token-file", folder.join("token"), "--root", folder.path];
  const url = `https://127.0.0.1:${findFreePort()}`;
  const away = await run("vigocli", ["envoys", "--server", url, ...flags]);
  assertFails(away, 4, /Cannot reach the server at https:\/\/127\.0\.0\.1:\d+: connection refused/);
  await TestFleet.run(["hub"], async ({ restUrl }) => {
    const stranger = await run("vigocli", ["envoys", "--server", restUrl, ...flags]);
    assertFails(
      stranger,
      4,
      /its certificate does not verify\. Give the fleet's CA with --ca FILE/,
    );
  });
});

Deno.test("vigocli against a fleet", async (t) => {
  await TestFleet.run(["hub", "web-1", "sleeper"], async (fleet) => {
    await fleet.join(fleet.hub, fleet.host("web-1"));
    await fleet.enrol(fleet.host("sleeper"));
    const hostile = "\x1b]0;owned\x07\x1b[31mred\u202e";
    const crate = (content: string) => ({
      "envoys.vgo": 'envoys:\n  - match: "web-*"\n    configcrates: [motd]\n',
      "configcrates/motd.vgo": JSON.stringify({
        name: "motd",
        resources: [{ file: join(fleet.host("web-1").root, "motd"), content }],
      }),
    });
    await fleet.stage(crate(`${hostile}\n`));
    await fleet.ask(configPublish, "config", "publish", "-m", `calm ${hostile}`);
    const { runs: [latest] } = await eventually("its run is reported", async () => {
      const answer = await fleet.ask(runList, "runs", "list");
      return answer.runs.length > 0 && answer;
    }, DEADLINE_MS);
    const runId = latest?.runId ?? "";

    await t.step("answers in JSON are what the contract says", async () => {
      const cases: readonly (readonly [{ answer: z.ZodType }, readonly string[]])[] = [
        [enrollTokenList, ["enroll", "token", "list"]],
        [envoyList, ["envoys"]],
        [envoyList, ["envoys", "list", "--all"]],
        [envoyShow, ["envoys", "show", "web-1"]],
        [runList, ["runs"]],
        [runShow, ["runs", "show", runId]],
        [configValidate, ["config", "validate"]],
        [configDiff, ["config", "diff"]],
        [configHistory, ["config", "history"]],
        [auditList, ["audit", "list"]],
        [auditVerify, ["audit", "verify"]],
        [filecastList, ["swarm", "filecast", "list"]],
      ];
      await inParallel(cases, async ([endpoint, args]) => {
        const { code, stdout, stderr } = await fleet.tryCli(...args, "--json");
        assert.deepEqual([code, stderr], [0, ""], args.join(" "));
        const json = JSON.parse(stdout);
        assert.deepEqual(endpoint.answer.parse(json), json, "nothing besides the contract");
      });
    });

    await t.step("publishing what is live already is no failure, and says so", async () => {
      const again = await fleet.tryCli("config", "publish");
      assert.deepEqual([again.code, again.stderr], [0, ""]);
      assert.match(again.stdout, /^Version [0-9a-f]{12} is already live; nothing changed\n$/);
      const json = await fleet.ask(configPublish, "config", "publish");
      assert.deepEqual([json.published, json.problems], [false, []]);
      const diff = await fleet.tryCli("config", "diff", "--to", json.version ?? "");
      assert.equal(diff.code, 0, diff.stderr);
    });

    await t.step("what the server cannot read is status 2, in words", async () => {
      const file = join(fleet.hub.root, "cast.bin");
      await Deno.writeTextFile(file, "x");
      const cases: readonly (readonly [args: readonly string[], line: RegExp])[] = [
        [["envoys", "list", "--target", ""], /target/],
        [["envoys", "list", "--target", "web-*,,"], /target/],
        [
          ["swarm", "distribute", file, "--target", ""],
          /Cannot read target "": .*at least 1 character/,
        ],
        [["swarm", "distribute", file, "--target", "*", "--label", "a/b"], /a\/b/],
      ];
      for (const [args, line] of cases) assertFails(await fleet.tryCli(...args), 2, line);
    });

    await t.step("hostile text never reaches a terminal as it came", async () => {
      const cases = [
        ["config", "history"],
        ["config", "diff"],
        ["runs", "show", runId],
        ["audit", "list"],
        ["enroll", "token", "list"],
        ["envoys", "show", hostile],
        ["envoys", "list", "--target", hostile],
        ["config", "rollback", hostile],
        ["config", "publish", "-m", hostile],
        [hostile],
      ];
      await fleet.stage(crate(`other ${hostile}\n`));
      const shown: string[] = [];
      await inParallel(cases, async (args) => {
        const { stdout, stderr } = await fleet.tryCli(...args);
        assert.doesNotMatch(stdout + stderr, ACTING, args.join(" "));
        shown.push(stdout);
      });
      assert.ok(shown.some((text) => text.includes("calm \\u{1b}]0;owned\\u{7}")), "written out");
    });

    await t.step("tables and errors carry no escape sequence on a pipe", async () => {
      for (const args of [["envoys"], ["config", "history"], ["runs"], ["audit"]]) {
        const { code, stdout } = await run("vigocli", fleet.cliArguments(...args));
        assert.equal(code, 0);
        assert.doesNotMatch(stdout, ACTING);
      }
    });

    await t.step("a target that hits nobody leads to who says why", async () => {
      const line =
        /No envoy matches "os\.distr=x".* What it asks for: vigocli query 'os\.distr=x'\n$/;
      const listed = await fleet.tryCli("envoys", "list", "--target", "os.distr=x");
      assert.deepEqual([listed.code, listed.stdout], [0, ""]);
      assert.match(listed.stderr, line);
      assertFails(await fleet.tryCli("envoys", "push", "--target", "os.distr=x"), 1, line);
    });

    await t.step("what does not exist is status 1, and a wrong token is status 5", async () => {
      for (
        const args of [
          ["envoys", "show", "nobody"],
          ["envoys", "revoke", "nobody"],
          ["envoys", "accept", "nobody"],
          ["runs", "show", crypto.randomUUID()],
          ["swarm", "filecast", "status", "0123456789abcdef"],
          ["swarm", "filecast", "revoke", "0123456789abcdef"],
          ["config", "rollback", "0123456789"],
          ["enroll", "token", "revoke", "0123456789"],
          ["config", "diff", "nobody"],
          ["envoys", "push", "--target", "nosuch"],
        ]
      ) assertFails(await fleet.tryCli(...args), 1, /./);
      const token = join(fleet.hub.root, "wrong");
      await Deno.writeTextFile(token, "vgot_wrong");
      assertFails(await fleet.tryCli("envoys", "--token-file", token), 5, /token is not valid/);
    });

    await t.step("all mistakes of a tree are printed at once, each with its place", async () => {
      await fleet.stage({
        "envoys.vgo": "envoys:\n  - match: *.web\n    configcrates: [motd]\n",
        "roles.vgo": "roles:\n  web:\n    configcrate: [motd]\n",
        "configcrates/tabs.vgo": "name: tabs\nresources:\n\t- file: /x\n",
        "configcrates/twice.vgo": "name: motd\nresources: []\n",
        "configcrates/cycle.vgo": [
          "name: cycle",
          "resources:",
          "  - exec: a",
          '    command: "true"',
          "    depends_on: exec:b",
          "  - exec: b",
          '    command: "true"',
          "    depends_on: exec:a",
        ].join("\n"),
      });
      for (const verb of ["validate", "publish"]) {
        const { code, stdout, stderr } = await fleet.tryCli("config", verb);
        assert.equal(code, 1);
        assert.match(stderr, /^error: The staged stacks have \d+ mistakes[^\n]*\n$/);
        const lines = stdout.trimEnd().split("\n");
        for (const line of lines) assert.match(line, /^[\w/]+\.vgo:\d+:\d+: \S/);
        const files = new Set(lines.map((line) => line.split(":")[0]));
        assert.deepEqual([...files].sort(), [
          "configcrates/cycle.vgo",
          "configcrates/tabs.vgo",
          "configcrates/twice.vgo",
          "envoys.vgo",
          "roles.vgo",
        ]);
        assert.match(stdout, /^roles\.vgo:3:5: .*"configcrate".*"configcrates"/m);
        assert.match(stdout, /exec:a.*exec:b.*exec:a/);
      }
      const { versions } = await fleet.ask(configHistory, "config", "history");
      assert.match(versions.find(({ live }) => live)?.message ?? "", /owned/);
    });

    await t.step(
      "Ctrl-C while waiting for a cast ends with 130 and says how to go on",
      async () => {
        await fleet.swarmRuns(fleet.hub);
        const file = join(fleet.hub.root, "app.bin");
        await Deno.writeTextFile(file, "for one who sleeps\n");
        const waiting = TestProcess.start(
          Deno.execPath(),
          programCommand(
            "vigocli",
            fleet.cliArguments("swarm", "distribute", file, "--target", "sleeper", "--wait"),
          ),
        );
        await using _ = waiting;
        const [, sha = ""] = await waiting.waitForLine(/^Seeded app\.bin .* as ([0-9a-f]{64})$/);
        await eventually("it is waited for", async () => {
          const { hosts } = await fleet.ask(filecastShow, "swarm", "filecast", "status", sha);
          return hosts.some(({ hostname, status }) =>
            hostname === "sleeper" && status === "pending"
          );
        }, DEADLINE_MS);
        waiting.signal("SIGINT");
        assert.deepEqual(await waiting.exited, { code: 130, signal: null });
        assert.match(
          waiting.output("stderr"),
          new RegExp(
            `^error: Stopped watching; .* vigocli swarm filecast status ${sha.slice(0, 12)}$`,
            "m",
          ),
        );
        const { filecast } = await fleet.ask(filecastShow, "swarm", "filecast", "status", sha);
        assert.deepEqual([filecast.state, filecast.pending], ["active", 1]);
      },
    );

    await t.step("a reader that leaves early is no error", async () => {
      const args = programCommand("vigocli", fleet.cliArguments("audit", "list"));
      const { code, stdout, stderr } = await runCommand("bash", [
        "-c",
        '"$0" "$@" | (exec 0<&-; sleep 1); echo "${PIPESTATUS[0]}"',
        Deno.execPath(),
        ...args,
      ]);
      assert.deepEqual([code, stdout, stderr], [0, "0\n", ""]);
    });
  });
});

Deno.test({
  name: "headings are bold on a terminal, unless NO_COLOR or --no-color says otherwise",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    // script(1) of util-linux gives the program a terminal of its own.
    const onTerminal = async (env: Readonly<Record<string, string>>, ...flags: string[]) => {
      const command = [Deno.execPath(), ...programCommand("vigocli", ["--help", ...flags])]
        .map((word) => `'${word}'`).join(" ");
      const { stdout } = await runCommand("script", ["-qec", command, "/dev/null"], {
        env: { TERM: "xterm", NO_COLOR: "", ...env },
      });
      return stdout.includes("\x1b[1m");
    };
    assert.deepEqual(
      await Promise.all([
        onTerminal({}),
        onTerminal({ NO_COLOR: "1" }),
        onTerminal({ TERM: "dumb" }),
        onTerminal({}, "--no-color"),
      ]),
      [true, false, false, false],
    );
  },
});
