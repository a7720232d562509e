import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { auditList } from "../../shared/rest/audit.ts";
import { namedTaskList } from "../../shared/rest/named_tasks.ts";
import {
  taskCancel,
  taskList,
  taskResultSchema,
  taskRun,
  taskSummarySchema,
} from "../../shared/rest/tasks.ts";
import { programCommand } from "../support/run_program.ts";
import { eventually } from "../support/eventually.ts";
import { TestProcess } from "../support/process.ts";
import { type CommandResult, runCommand } from "../support/run_command.ts";
import { ENVIRONMENT, TestFleet } from "../support/test_fleet.ts";

/** A machine ten times slower than this one, and busy. */
const PATIENCE_MS = 180_000;
/** What `task run --json` and `task status --json` print. */
const WHOLE = { answer: z.object({ task: taskSummarySchema, results: z.array(taskResultSchema) }) };
/** What moves a cursor, sets a colour or hides text. */
const ACTING = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Asserts how a command failed: its status, and one line on standard error that begins with `error:`. */
function assertFails({ code, stderr }: CommandResult, status: number, line: RegExp): void {
  assert.equal(code, status, stderr);
  assert.match(stderr, /^error: [^\n]+\n$/m);
  assert.match(stderr, line);
}

/** Starts `vigocli` and leaves it running. */
function start(fleet: TestFleet, ...args: string[]): TestProcess {
  return TestProcess.start(
    Deno.execPath(),
    programCommand("vigocli", fleet.cliArguments(...args)),
    { env: ENVIRONMENT },
  );
}

/** Runs `vigocli` on a terminal of its own, where `answer` is typed, and returns all that the terminal was shown. */
function onTerminal(fleet: TestFleet, answer: string, ...args: string[]): Promise<CommandResult> {
  const words = [Deno.execPath(), ...programCommand("vigocli", fleet.cliArguments(...args))];
  const command = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  return runCommand("script", ["-qec", `stty cols 120 rows 40; ${command}`, "/dev/null"], {
    stdin: answer,
    env: { TERM: "xterm", NO_COLOR: "" },
    deadlineMs: PATIENCE_MS,
  });
}

/** Waits for the end of a process that has no reason to go on. */
function ended(process: TestProcess) {
  return eventually("it has ended", () => process.status, PATIENCE_MS);
}

async function auditOf(fleet: TestFleet, action: string) {
  const { records } = await fleet.ask(auditList, "audit", "list", "--limit", "100");
  return records.filter((record) => record.action === action).map(({ payload }) => payload);
}

const TASKS = {
  "envoys.vgo": 'match: "*"\n',
  "tasks/restart.vgo": [
    "name: restart-app",
    "description: Restarts the application",
    "params:",
    "  - {name: env, pattern: 'staging|production', description: which application}",
    "  - {name: note, default: none}",
    "command: printf '%s\\n' restarted {{ params.env }} {{ params.note }}",
    "timeout: 2m",
    "batch_size: 1",
  ].join("\n"),
};

Deno.test("vigocli task against a fleet", async (t) => {
  await TestFleet.run(["hub", "web-1", "web-2"], async (fleet) => {
    const [, web1] = fleet.hosts;
    assert.ok(web1);
    await fleet.join();
    const everybodyThere = () =>
      eventually("every agent has a stream", async () => {
        const args = ["task", "run", "true", "--target", "*", "--dry-run"];
        const { plan } = await fleet.ask(taskRun, ...args);
        return plan.offline.length === 0;
      }, PATIENCE_MS);
    await everybodyThere();
    /** Waits until a command runs everywhere where it is to run, and answers the id that was printed. */
    const running = async (process: TestProcess): Promise<string> => {
      const [, id = ""] = await process.waitForLine(/^Task (t\w+) dispatched$/, PATIENCE_MS);
      await eventually(`task ${id} runs`, async () => {
        const { results } = await fleet.ask(WHOLE, "task", "status", id);
        return results.every(({ state }) => state === "running");
      }, PATIENCE_MS);
      return id;
    };

    await t.step(
      "a command is dispatched, and each host has a block with what it wrote",
      async () => {
        const stdout = await fleet.cli("task", "run", "echo hello; pwd", "--target", "web-*");
        assert.match(
          stdout,
          /^Task (t\w{10}) dispatched\n--- web-1 \[complete\] exit=0 \S+\nhello\n\/\n--- web-2 \[complete\] exit=0 \S+\nhello\n\/\n$/,
        );
        const [, id = ""] = /^Task (\w+)/.exec(stdout) ?? [];
        const shown = await fleet.cli("task", "status", id.slice(0, 6));
        for (
          const line of [
            `Task:     ${id}`,
            "Command:  echo hello; pwd",
            "Target:   web-\\*",
            "Operator: \\S+",
            "Status:   complete",
            "Targets:  2",
            "Created:  \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d",
            "Started:  \\d{4}-.*",
            "Finished: \\d{4}-.*",
          ]
        ) assert.match(shown, new RegExp(`^${line}$`, "m"));
        assert.match(shown, /\n\n--- web-1 \[complete\] exit=0 \S+\nhello\n\/\n--- web-2/);
        const list = await fleet.cli("task", "list", "--limit", "5");
        assert.match(list, /^ID +COMMAND +TARGET +STATUS +TARGETS +CREATED\n/);
        assert.match(
          list,
          new RegExp(`^${id} +echo hello; pwd +web-\\* +complete +2 +\\d{4}-`, "m"),
        );
        assert.equal((await fleet.ask(taskList, "task", "list", "--limit", "1")).tasks[0]?.id, id);
      },
    );

    await t.step("a dry run shows the batches and sends nothing", async () => {
      const file = join(web1.root, "dry");
      const args = ["task", "run", `touch ${file}`, "--target", "*", "--batch-size", "2"];
      assert.equal(
        await fleet.cli(...args, "--dry-run"),
        "Dry-run batch plan:\n\n  Batch 0: hub, web-1\n  Batch 1: web-2\n\n2 batch(es), 3 target(s), 0 offline\n",
      );
      assert.deepEqual((await fleet.ask(taskRun, ...args, "--dry-run")).plan.batches, [
        ["hub", "web-1"],
        ["web-2"],
      ]);
      await assert.rejects(Deno.stat(file), Deno.errors.NotFound);
    });

    await t.step("any other verdict is status 1, and says how many there are of each", async () => {
      const command = 'case "$(pwd)" in /) echo gone >&2; exit 3;; esac';
      const failed = await fleet.tryCli("task", "run", command, "--target", "web-1");
      assertFails(failed, 1, /Task t\w+ is not complete everywhere: 1 failed$/m);
      assert.match(failed.stdout, /^--- web-1 \[failed\] exit=3 \S+\nstderr:\ngone$/m);
      const timeout = ["task", "run", "sleep 600", "--target", "web-1", "--timeout", "1"];
      const late = await fleet.tryCli(...timeout);
      assertFails(late, 1, /: 1 timeout$/m);
      const [, id = ""] = /^Task (\w+) dispatched$/m.exec(late.stdout) ?? [];
      const after = await fleet.tryCli("task", "status", id, "--watch", "--verdict", "failed");
      assertFails(after, 1, /^No target is failed\nerror: Task \w+ .*: 1 timeout$/m);
      const rolling = ["--batch-size", "1", "--max-failures", "0", "--nice", "5"];
      const aborted = await fleet.tryCli("task", "run", "false", "--target", "*", ...rolling);
      assertFails(aborted, 1, /was aborted, 1 of 3 targets failed, 0 may: 1 failed, 2 skipped$/m);
      assert.match(aborted.stdout, /^--- web-2 \[skipped\] \(aborted: .*\)$/m);
    });

    await t.step("what makes no sense is status 2, and nothing is tried", async () => {
      const run = (...args: string[]) => fleet.tryCli("task", "run", ...args);
      const cases: readonly (readonly [args: readonly string[], line: RegExp])[] = [
        [["uptime"], /--target <spec>/],
        [
          ["uptime", "--target", ""],
          /^error: Cannot read target "": expected at least 1 character$/m,
        ],
        [["uptime", "--target", "web-*,"], /Cannot read/],
        [["uptime", "--target", "*", "--timeout", "soon"], /--timeout <seconds>/],
        [["uptime", "--target", "*", "--nice", "20"], /0 to 19/],
        [["uptime", "--target", "*", "--batch-size", "some"], /Use a count \(5\)/],
        [["uptime", "--target", "*", "--max-failures", "few"], /Use a count \(2\)/],
        [["uptime", "--target", "*", "--param", "env"], /key=value/],
        [["uptime", "--target", "*", "--param", "a=1", "--param", "a=2"], /a is given twice/],
        [["uptime", "--target", "*", "--param", "a=1"], /no task of the live version is called/],
        [
          ["uptime", "--target", "*", "--health-check-url", "http://lb.example.com/health"],
          /health_check_hosts: \[.*lb\.example\.com/,
        ],
      ];
      for (const [args, line] of cases) assertFails(await run(...args), 2, line);
      assertFails(await run("uptime", "--target", "nobody-*"), 1, /No envoy matches/);
      assertFails(await fleet.tryCli("task", "status", "tnosuchtask"), 1, /No task has the id/);
      const verdicts = ["task", "status", "tnosuchtask", "--verdict", "failed,bad"];
      assertFails(
        await fleet.tryCli(...verdicts),
        2,
        /"bad" is no verdict\. Write some of complete,/,
      );
    });

    await t.step(
      "what a guardrail refuses is asked about, and off a terminal that is a no",
      async () => {
        const args = ["task", "run", "systemctl stop vigo", "--target", "web-1"];
        const refused = await fleet.tryCli(...args);
        assertFails(refused, 3, /^error: A guardrail refuses .*\. Nothing was sent.*--force$/m);
        assert.equal(refused.stdout, "");
        assert.match(
          refused.stderr,
          /^warning: server-side guardrail blocked this command\n {2}reason: {2}.+\n {2}pattern: systemctl stop vigo\n {2}note: {4}the agent's hardcoded guardrails still apply on each envoy\.\n/,
        );
        const no = await onTerminal(fleet, "n\n", ...args);
        assert.equal(no.code, 3, no.stdout);
        assert.match(no.stdout, /Proceed anyway\? \[y\/N\] /);
        assert.deepEqual(await auditOf(fleet, "task.blocked").then((all) => all.length), 2);
        const yes = await onTerminal(fleet, "y\n", ...args);
        assert.equal(yes.code, 1, yes.stdout);
        assert.match(yes.stdout, /--- web-1 \[.*rejected.*\]/);
        const forced = await fleet.tryCli(...args, "--force");
        assertFails(forced, 1, /: 1 rejected$/m);
        assert.equal((await auditOf(fleet, "task.dispatch"))[0]?.["forced"], true);
      },
    );

    await t.step(
      "a terminal sees the task run, in a table that is gone when it is over",
      async () => {
        const command = "echo working; sleep 2";
        const { code, stdout } = await onTerminal(
          fleet,
          "",
          "task",
          "run",
          command,
          "--target",
          "*",
        );
        assert.equal(code, 0, stdout);
        assert.match(stdout, /Task t\w+: 3 running/);
        assert.match(stdout, /HOST +STATE +EXIT +TOOK +LAST LINE/);
        assert.match(stdout, /web-1 +running +working/);
        const [last = ""] = stdout.split("\x1b[2K").slice(-1);
        assert.ok(last.startsWith("--- hub [\x1b[32mcomplete\x1b[39m] exit=0"), last);
        assert.doesNotMatch(last, /LAST LINE/);
      },
    );

    await t.step("what hosts write cannot act on the terminal", async () => {
      const command =
        "printf '\\033]0;owned\\007\\033[31mred\\r\\342\\200\\256x\\377\\n' | tee /dev/stderr";
      const { stdout, stderr } = await fleet.tryCli("task", "run", command, "--target", "web-1");
      assert.match(
        stdout,
        /\\u\{1b\}\]0;owned\\u\{7\}\\u\{1b\}\[31mred\\r\\u\{202e\}x\uFFFD\nstderr:\n\\u\{1b\}/,
      );
      assert.doesNotMatch(stdout + stderr, ACTING);
      const { results } = await fleet.ask(WHOLE, "task", "run", command, "--target", "web-1");
      const head = Uint8Array.fromBase64(results[0]?.stdout?.head ?? "");
      assert.deepEqual([head[0], head.at(-2)], [0x1b, 0xff], "JSON has the bytes");
    });

    await t.step("of a long output the middle is left out, with where to find it", async () => {
      const stdout = await fleet.cli("task", "run", "seq 1 5000", "--target", "web-1");
      assert.match(
        stdout,
        /\n50\n… 4900 lines left out; all of it: vigocli task status (t\w+) --full …\n4951\n/,
      );
      const [, id = ""] = /^Task (\w+)/.exec(stdout) ?? [];
      assert.match(await fleet.cli("task", "status", id, "--full"), /\n2499\n2500\n2501\n/);
    });

    await t.step(
      "Ctrl-C ends the watching with 130 and the id; the task goes on until it is cancelled",
      async () => {
        await using watching = start(
          fleet,
          "task",
          "run",
          "sleep 600",
          "--target",
          "*",
          "--timeout",
          "900",
        );
        const id = await running(watching);
        watching.signal("SIGINT");
        assert.deepEqual(await ended(watching), { code: 130, signal: null });
        assert.match(
          watching.output("stderr"),
          new RegExp(
            `^error: Stopped watching; task ${id} goes on\\. .*vigocli task cancel ${id}$`,
          ),
        );
        assert.equal((await fleet.ask(WHOLE, "task", "status", id)).task.status, "running");
        await using again = start(fleet, "task", "status", id, "--watch");
        await fleet.ask(taskCancel, "task", "cancel", id);
        assert.deepEqual(await ended(again), { code: 1, signal: null });
        assert.match(again.output("stderr"), /was cancelled, cancelled by .*: 3 cancelled$/);
        assert.match(await fleet.cli("task", "cancel", id), /^Task t\w+ is over: cancelled/);
      },
    );

    await t.step("Ctrl-C ends the wait for a server that does not answer", async () => {
      using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const server = ["--server", `https://127.0.0.1:${silent.addr.port}`];
      await using asking = start(fleet, "task", "list", ...server);
      const early = asking.exited.then(() => assert.fail(asking.output()));
      using _connection = await Promise.race([silent.accept(), early]);
      early.catch(() => {});
      asking.signal("SIGINT");
      assert.deepEqual(await ended(asking), { code: 130, signal: null });
    });

    await t.step("whoever watches waits for a server that restarts", async () => {
      const go = join(web1.root, "go");
      const command = `while [ ! -e ${go} ]; do sleep 0.1; done; echo done`;
      await using watching = start(
        fleet,
        "task",
        "run",
        command,
        "--target",
        "web-1",
        "--timeout",
        "900",
      );
      await running(watching);
      await fleet.killServer();
      await Deno.writeTextFile(go, "");
      await fleet.startServer();
      assert.deepEqual(await ended(watching), { code: 0, signal: null }, watching.output());
      assert.match(watching.output("stdout"), /^--- web-1 \[complete\] exit=0 \S+\ndone$/m);
      await everybodyThere();
    });

    await t.step(
      "named tasks are checked, published, listed, and run with their parameters",
      async () => {
        await fleet.stage({
          ...TASKS,
          "tasks/bad.vgo": 'name: bad\nparams: [{name: x}]\ncommand: echo "{{ params.x }}"\n',
        });
        const wrong = await fleet.tryCli("config", "validate");
        assert.equal(wrong.code, 1);
        assert.match(wrong.stdout, /^tasks\/bad\.vgo:3:16: a parameter stands inside of quotes/m);
        await Deno.remove(join(fleet.hub.root, "srv/vigo/stacks/tasks/bad.vgo"));
        const run = ["task", "run", "restart-app", "--target", "web-*", "--param", "env=staging"];
        // Staged is not live: until it is published there is no such task.
        assertFails(
          await fleet.tryCli(...run),
          2,
          /no task of the live version is called "restart-app"/,
        );
        await fleet.cli("config", "publish", "-m", "named tasks", "--yes");
        const named = await fleet.cli("task", "list", "--named");
        assert.match(
          named,
          /^NAME +PARAMETERS +DESCRIPTION +FILE\nrestart-app +env=staging\|production \[note=none\] +Restarts the application +tasks\/restart\.vgo:1\n$/,
        );
        assert.equal((await fleet.ask(namedTaskList, "task", "list", "--named")).tasks.length, 1);
        const hostile = "'; echo owned; '$(echo owned)`echo owned`\"";
        const stdout = await fleet.cli(...run, "--param", `note=${hostile}`);
        const block = (host: string) => `--- ${host} [complete]`;
        assert.ok(stdout.includes(block("web-1")) && stdout.includes(block("web-2")), stdout);
        assert.ok(stdout.includes(`\nrestarted\nstaging\n${hostile}\n`), stdout);
        const { task } = await fleet.ask(WHOLE, ...run);
        assert.deepEqual([task.task, task.params, task.batches, task.timeoutSecs], [
          "restart-app",
          { env: "staging" },
          2,
          120,
        ]);
        const [record] = await auditOf(fleet, "task.dispatch");
        assert.deepEqual([record?.["task"], record?.["forced"]], ["restart-app", false]);
        // A version that changes a task alone is one like any other.
        const described = TASKS["tasks/restart.vgo"].replace("Restarts", "Starts anew");
        await fleet.stage({ "tasks/restart.vgo": described });
        await fleet.cli("config", "publish", "-m", "a better word", "--yes");
        assert.match(await fleet.cli("task", "list", "--named"), /Starts anew the application/);
        const target = ["--target", "web-1"];
        const cases: readonly (readonly [args: readonly string[], line: RegExp])[] = [
          [["restart-app"], /parameter "env" is missing \(which application\)/],
          [["restart-app", "--param", "env=test"], /cannot be "test": expected to match/],
          [["restart-app", "--param", "env=staging", "--param", "nte=x"], /Did you mean "note"\?/],
          [["restart-ap", "--param", "env=staging"], /Did you mean "restart-app"\?/],
        ];
        for (const [args, line] of cases) {
          assertFails(await fleet.tryCli("task", "run", ...args, ...target), 2, line);
        }
        const misspelt = await fleet.tryCli("task", "run", "restart-ap", ...target);
        assert.match(misspelt.stderr, /^Running it as a command: .*Did you mean "restart-app"\?$/m);
        assert.match(misspelt.stdout, /^--- web-1 \[failed\] exit=127 /m);
      },
    );
  });
});
