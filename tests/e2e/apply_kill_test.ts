import assert from "node:assert/strict";
import { APPLY_DRIVER, type TestResource } from "../support/apply_in_machine.ts";
import { eventually } from "../support/eventually.ts";
import { TestProcess } from "../support/process.ts";
import { runOrThrow } from "../support/run_command.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";

const DRIVER = ["run", "--allow-all", "--no-check", APPLY_DRIVER];

/** Starts the driver and hands it everything; the caller decides how it ends. */
function start(root: TemporaryRoot, resources: readonly TestResource[]): TestProcess {
  const driver = TestProcess.start(Deno.execPath(), [...DRIVER, root.join("state")]);
  driver.write(JSON.stringify({ resources }));
  driver.closeStdin();
  return driver;
}

async function applyToTheEnd(
  root: TemporaryRoot,
  resources: readonly TestResource[],
): Promise<string[]> {
  const stdout = await runOrThrow(Deno.execPath(), [...DRIVER, root.join("state")], {
    stdin: JSON.stringify({ resources }),
  });
  return stdout.trim().split("\n").slice(0, -1).map((line) => JSON.parse(line).outcome);
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test("a run that is killed before it told of a change leaves that to the next run", async () => {
  await using root = await TemporaryRoot.create();
  // Stays in the way of the first run, between the change and the one that is to be told.
  const gate = { command: "touch reached; while [ ! -e open ]; do sleep 0.01; done" };
  const resources = [
    {
      id: "file:conf",
      params: { path: root.join("conf"), content: "new\n" },
      notify: ["exec:reload"],
    },
    { id: "exec:gate", params: { ...gate, cwd: root.path, unless: "test -e open" } },
    {
      id: "exec:reload",
      params: { command: "echo reloaded >> log", cwd: root.path },
      when: "changed" as const,
    },
  ];
  {
    await using driver = start(root, resources);
    await eventually("the first run is in between", () => exists(root.join("reached")));
    await driver.kill();
  }
  await Deno.writeTextFile(root.join("open"), "");
  assert.equal(await exists(root.join("log")), false);
  assert.deepEqual(await applyToTheEnd(root, resources), ["none", "none", "updated"]);
  assert.deepEqual(await applyToTheEnd(root, resources), ["none", "none", "none"]);
  assert.equal(await Deno.readTextFile(root.join("log")), "reloaded\n");
});

Deno.test("a run that is killed while it writes leaves the old file or the new one, never a part", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("data");
  const contents = ["a", "b"].map((letter) => letter.repeat(512 * 1024));
  // Two resources that undo each other, many times over, so that a kill falls into some write.
  const resources = Array.from({ length: 30 }, (_, i) => ({
    id: `file:${i}`,
    params: { path, content: contents[i % 2] ?? "" },
  }));
  for (const afterResource of [1, 4, 9]) {
    await using driver = start(root, resources);
    await driver.waitForLine(new RegExp(`"file:${afterResource}"`));
    await driver.kill();
    const found = await Deno.readTextFile(path);
    assert.ok(contents.includes(found), `a file of ${found.length} bytes that nobody wrote`);
  }
  const [last] = contents;
  await applyToTheEnd(root, [{ id: "file:x", params: { path, content: last } }]);
  // Whatever a killed run left beside the file is gone with the next write.
  await applyToTheEnd(root, [{ id: "file:x", params: { path, content: "small\n" } }]);
  const names = await Array.fromAsync(Deno.readDir(root.path), ({ name }) => name);
  assert.deepEqual(names.sort(), ["data", "state"]);
});

Deno.test("a command that runs when the agent is killed goes on; the next run looks again and owes what it would tell", async () => {
  await using root = await TemporaryRoot.create();
  const command = "touch reached; while [ ! -e open ]; do sleep 0.01; done; touch made";
  const resources = [
    {
      id: "exec:make",
      params: { command, cwd: root.path, creates: root.join("made") },
      notify: ["exec:reload"],
    },
    {
      id: "exec:reload",
      params: { command: "echo reloaded >> log", cwd: root.path },
      when: { expression: "changed && !has_trait('os')", scope: { vars: {} } },
    },
  ];
  {
    await using driver = start(root, resources);
    await eventually("the command runs", () => exists(root.join("reached")));
    await driver.kill();
  }
  await Deno.writeTextFile(root.join("open"), "");
  await eventually("the command ends by itself", () => exists(root.join("made")));
  assert.deepEqual(await applyToTheEnd(root, resources), ["none", "updated"]);
  assert.deepEqual(await applyToTheEnd(root, resources), ["none", "none"]);
  assert.equal(await Deno.readTextFile(root.join("log")), "reloaded\n");
});

Deno.test("a run that is told to stop ends soon, with what a stubborn command started", async () => {
  await using root = await TemporaryRoot.create();
  const command = "trap '' TERM; echo $$ > pid; while :; do sleep 0.05; done";
  await using driver = start(root, [{ id: "exec:a", params: { command, cwd: root.path } }]);
  await eventually("the command runs", () => exists(root.join("pid")));
  const pid = await eventually(
    "the command says who it is",
    async () => Number(await Deno.readTextFile(root.join("pid"))) || undefined,
  );
  assert.equal((await driver.stop()).code, 0);
  assert.match(driver.output("stdout"), /"failed".*was stopped/);
  assert.throws(() => Deno.kill(pid, "SIGCONT"), Deno.errors.NotFound);
});
