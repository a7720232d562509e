import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { eventually } from "../../tests/support/eventually.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { LocalProcesses } from "./local_processes.ts";
import { describeFailure, MAX_OUTPUT_BYTES, ProgramNotFoundError } from "./processes.ts";

/** Nothing here needs time to end well. */
const processes = new LocalProcesses({ killGraceMs: 50 });

/** Long enough for a machine that is busy with other work. */
const PATIENCE_MS = 180_000;

function sh(script: string, timeoutMs = PATIENCE_MS, signal?: AbortSignal) {
  return processes.run({
    argv: ["/bin/sh", "-c", script],
    timeoutMs,
    ...(signal === undefined ? {} : { signal }),
  });
}

/** A zombie that nobody has collected yet counts as gone. */
async function isGone(pid: number): Promise<boolean> {
  try {
    return / Z /.test(await Deno.readTextFile(`/proc/${pid}/stat`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

Deno.test("input, both outputs and the status of a program come through", async () => {
  const result = await processes.run({
    argv: ["/bin/sh", "-c", "cat; echo oops >&2; exit 3"],
    stdin: "in",
    timeoutMs: PATIENCE_MS,
  });
  assert.deepEqual(result, { end: "exited", status: 3, stdout: "in", stderr: "oops\n" });
});

Deno.test("a program that a signal ends has 128 and the signal's number as status", async () => {
  assert.equal((await sh("kill -9 $$")).status, 137);
});

Deno.test("a program that floods its output is cut in the middle and ends by itself", async () => {
  const result = await sh("echo begin; head -c 5000000 /dev/zero | tr '\\0' x; echo; echo end");
  assert.equal(result.status, 0);
  assert.ok(result.stdout.length < MAX_OUTPUT_BYTES + 100);
  assert.match(result.stdout, /^begin\nx+\n… \d+ bytes left out …\nx+\nend\n$/);
});

Deno.test("a program that ignores TERM is killed, with what it started", async () => {
  await using root = await TemporaryRoot.create();
  const script = `cd ${root.path}; trap '' TERM; sleep 600 & echo $! > child; echo $$ > self
    while :; do sleep 0.05; done`;
  const stop = new AbortController();
  const running = sh(script, PATIENCE_MS, stop.signal);
  const read = (name: string) => async () =>
    Number(await Deno.readTextFile(root.join(name))) || undefined;
  const self = await eventually("the program says who it is", read("self"));
  const child = await eventually("its child has started", read("child"));
  stop.abort();
  const result = await running;
  assert.deepEqual([result.end, result.status], ["aborted", 137]);
  await eventually("both are gone", async () => await isGone(self) && await isGone(child));
});

Deno.test("a timeout ends a program", async () => {
  const result = await sh("echo waiting; sleep 600", 50);
  assert.equal(result.end, "timeout");
  assert.match(describeFailure("sleep", result), /^sleep ran into its timeout/);
});

Deno.test("what a program leaves behind in its group ends with it", async () => {
  const result = await sh("sleep 600 & echo $!");
  assert.deepEqual([result.end, result.status], ["exited", 0]);
  const child = Number(result.stdout);
  await eventually("the child is gone", () => isGone(child));
});

Deno.test("a program that does not read its input is no error", async () => {
  const stdin = "x".repeat(1024 * 1024);
  const result = await processes.run({ argv: ["true"], stdin, timeoutMs: PATIENCE_MS });
  assert.equal(result.status, 0);
});

Deno.test("a program or folder that is missing is told by name", async () => {
  const run = (argv: readonly [string], cwd: string) =>
    processes.run({ argv, cwd, timeoutMs: PATIENCE_MS });
  await assert.rejects(run(["/nowhere/x"], "/"), ProgramNotFoundError);
  await assert.rejects(run(["true"], "/nowhere"), /Cannot start "true" in "\/nowhere"/);
});

Deno.test("a program sees the usual path and nothing of the agent's environment", async () => {
  Deno.env.set("VIGO_TEST_LEAK", "leaked");
  const { stdout } = await processes.run({
    argv: ["env"],
    environment: { GREETING: "hello" },
    timeoutMs: PATIENCE_MS,
  });
  Deno.env.delete("VIGO_TEST_LEAK");
  assert.match(stdout, /^PATH=\/usr\/local\/sbin:/m);
  assert.match(stdout, /^GREETING=hello$/m);
  assert.doesNotMatch(stdout, /VIGO_TEST_LEAK|HOME=/);
});

Deno.test(
  "a program runs as a user with exactly its groups",
  { ignore: Deno.uid() !== 0 },
  async () => {
    const as = { uid: 65534, gid: 65533 };
    const ids = async (groups: readonly number[]) => {
      const argv = ["/bin/sh", "-c", "id -u; id -G"] as const;
      return (await processes.run({ argv, as: { ...as, groups }, timeoutMs: PATIENCE_MS })).stdout;
    };
    assert.equal(await ids([]), "65534\n65533\n");
    assert.equal(await ids([4, 27]), "65534\n65533 4 27\n");
  },
);

/** Where anybody may write, as a user's own folder is to root. */
async function openFolder(): Promise<TemporaryRoot> {
  const root = await TemporaryRoot.create();
  await Deno.chmod(root.path, 0o777);
  return root;
}

const asNobody = (groups: readonly number[]) => ({ uid: 65534, gid: 65534, groups });

for (const groups of [[], [4, 27]]) {
  const kind = groups.length === 0 ? "no other groups" : "other groups";

  Deno.test(
    `the path of a user with ${kind} finds programs as that user, never as root`,
    { ignore: Deno.uid() !== 0 },
    async () => {
      await using root = await openFolder();
      for (const name of ["sh", "id", "setpriv"]) {
        const path = root.join(name);
        await Deno.writeTextFile(
          path,
          `#!/bin/sh\n/usr/bin/id -u > "$0.$$"; echo planted ${name}\n`,
        );
        await Deno.chmod(path, 0o755);
      }
      const { stdout } = await processes.run({
        argv: ["sh", "-c", "id"],
        as: asNobody(groups),
        environment: { PATH: `${root.path}:/usr/bin:/bin` },
        timeoutMs: PATIENCE_MS,
      });
      assert.equal(stdout, "planted sh\n");
      const marks = (await readdir(root.path)).filter((name) => name.includes("."));
      assert.equal(marks.length, 1);
      for (const name of marks) {
        assert.equal(await Deno.readTextFile(root.join(name)), "65534\n", name);
      }
    },
  );

  Deno.test(
    `the loader reads the variables of a user with ${kind} as that user, never as root`,
    { ignore: Deno.uid() !== 0 },
    async () => {
      await using root = await openFolder();
      // Makes the loader of every program that sees it write a file, as whoever runs it.
      const environment = { LD_DEBUG: "files", LD_DEBUG_OUTPUT: root.join("loader") };
      const as = asNobody(groups);
      await processes.run({ argv: ["/bin/true"], as, environment, timeoutMs: PATIENCE_MS });
      const written = await readdir(root.path);
      assert.equal(written.length, 1);
      for (const name of written) {
        assert.equal((await Deno.stat(root.join(name))).uid, 65534, name);
      }
    },
  );

  Deno.test(
    `a user with ${kind} gets the same environment, folder and input`,
    { ignore: Deno.uid() !== 0 },
    async () => {
      const value = "two\nlines, a ' and a \" and $HOME `id`\n";
      const { stdout } = await processes.run({
        argv: ["/bin/sh", "-c", 'cat; printf %s "$VALUE"; /usr/bin/env | grep -c VIGO; pwd'],
        as: asNobody(groups),
        environment: { VALUE: value },
        stdin: "in ",
        cwd: "/usr",
        timeoutMs: PATIENCE_MS,
      });
      assert.equal(stdout, `in ${value}0\n/usr\n`);
      const { stdout: all } = await processes.run({
        argv: ["/usr/bin/env"],
        as: asNobody(groups),
        timeoutMs: PATIENCE_MS,
      });
      const names = all.trim().split("\n").map((line) => line.split("=")[0]);
      assert.deepEqual(names.filter((name) => name !== "_").sort(), ["LANG", "LC_ALL", "PATH"]);
    },
  );
}

Deno.test("a run that was stopped before starts nothing", async () => {
  await assert.rejects(sh("true", 20_000, AbortSignal.abort()), { name: "AbortError" });
});
