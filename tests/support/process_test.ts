import assert from "node:assert/strict";
import { eventually } from "./eventually.ts";
import { TestProcess } from "./process.ts";

Deno.test("a line printed before or after the call is waited for and its groups returned", async () => {
  await using child = TestProcess.start("sh", ["-c", "echo port 81; read go; echo done $go >&2"]);
  const [, port] = await child.waitForLine(/port (\d+)/);
  assert.equal(port, "81");
  child.write("now\n");
  await child.waitForLine(/done now/);
  assert.equal((await child.waitForLine(/port (\d+)/))[1], "81");
  assert.deepEqual(await child.exited, { code: 0, signal: null });
  assert.equal(child.output("stderr"), "done now");
});

Deno.test("waiting for a line of a process that ends says how it ended and what it printed", async () => {
  await using child = TestProcess.start("sh", ["-c", "echo no such key; exit 3"]);
  await assert.rejects(
    child.waitForLine(/ready/),
    /ended with status 3 before \/ready\/; its last lines:\n {2}no such key/,
  );
});

Deno.test("waiting for a line that does not come fails at its deadline", async () => {
  await using child = TestProcess.start("cat");
  await assert.rejects(child.waitForLine(/ready/, 1), /printed nothing like \/ready\/ within 1 ms/);
});

Deno.test({
  name: "the end of the scope ends the children of the process too",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    let grandchild: number;
    {
      await using child = TestProcess.start("sh", ["-c", "sleep 1000 & echo child $!; wait"]);
      grandchild = Number((await child.waitForLine(/child (\d+)/))[1]);
    }
    await eventually("the grandchild is gone", async () => !(await isRunning(grandchild)));
  },
});

Deno.test("a process that ignores SIGTERM is killed and the failure says so", async () => {
  await using child = TestProcess.start("sh", ["-c", "trap '' TERM; echo up; read never"]);
  await child.waitForLine(/up/);
  await assert.rejects(child.stop(1), /did not stop within 1 ms of SIGTERM/);
  assert.deepEqual(child.status, { code: null, signal: "SIGKILL" });
});

Deno.test("a command that does not exist is named", () => {
  assert.throws(() => TestProcess.start("/no/such/program"), /Cannot start "\/no\/such\/program"/);
});

/** A zombie counts as gone: it waits only for its new parent to notice. */
async function isRunning(pid: number): Promise<boolean> {
  try {
    return !/\) [ZX] /.test(await Deno.readTextFile(`/proc/${pid}/stat`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
