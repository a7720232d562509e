import assert from "node:assert/strict";
import { TemporaryRoot } from "../tests/support/temporary_root.ts";
import { runTests, type TestRunOptions } from "./run_tests.ts";

const OPTIONS: TestRunOptions = {
  parallel: false,
  timeoutMs: 60_000,
  signal: new AbortController().signal,
  graceMs: 0,
  output: "never",
};

async function run(text: string, options: Partial<TestRunOptions> = {}) {
  await using root = await TemporaryRoot.create();
  await Deno.writeTextFile(root.join("a_test.ts"), text);
  return await runTests([root.join("a_test.ts")], { ...OPTIONS, ...options });
}

Deno.test("passed, failed and ignored tests are counted, and the failed ones named", async () => {
  const { tally, failed, problems, crash } = await run(`
    Deno.test("a", () => {});
    Deno.test("b", () => { throw new Error("as this test wants"); });
    Deno.test.ignore("c", () => {});
  `);
  assert.deepEqual(tally, { passed: 1, failed: 1, skipped: 1 });
  assert.match(failed.join("\n"), /^\S*a_test\.ts: b: Uncaught Error: as this test wants$/);
  assert.deepEqual(problems, []);
  assert.equal(crash, undefined);
});

Deno.test("properties are tried with the same inputs in every run", async () => {
  const { tally, failed } = await run(`
    import fc from "fast-check";
    const drawn = () => fc.sample(fc.nat(), { numRuns: 9, ...fc.readConfigureGlobal() }).join();
    Deno.test("it decides what is drawn", () => {
      if (drawn() !== drawn()) throw new Error("something else decides");
    });
  `);
  assert.deepEqual(failed, []);
  assert.equal(tally.passed, 1);
});

Deno.test("a file that does not load is a failure", async () => {
  const { tally } = await run("throw new Error('as this test wants');");
  assert.deepEqual(tally, { passed: 0, failed: 1, skipped: 0 });
});

Deno.test("a run that dies of a signal is a failure that names it", async () => {
  const { tally, problems, crash } = await run(
    `Deno.test("a", () => Deno.kill(Deno.pid, "SIGABRT"));`,
  );
  assert.equal(crash, "SIGABRT");
  assert.deepEqual(tally, { passed: 0, failed: 1, skipped: 0 });
  assert.deepEqual(problems, ["Ended by SIGABRT"]);
});

Deno.test("a file that does not end is killed, with what it started, and is a failure", async () => {
  const text = `Deno.test("a", async () => {
    await new Deno.Command("sleep", { args: ["1000"] }).spawn().status;
  });`;
  const { tally, problems } = await run(text, { timeoutMs: 500 });
  assert.deepEqual(tally, { passed: 0, failed: 1, skipped: 0 });
  assert.match(problems.join(), /^Not finished after 0\.5 s: .*a_test\.ts$/);
});

Deno.test({
  name: "a process that a test leaves behind is ended and is a failure",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const text = `Deno.test({ name: "a", sanitizeOps: false, sanitizeResources: false, fn: () => {
      new Deno.Command("setsid", { args: ["sleep", "1000"], stdout: "null", stderr: "null" }).spawn().unref();
    } });`;
    const { tally, problems } = await run(text);
    assert.deepEqual(tally, { passed: 1, failed: 1, skipped: 0 });
    assert.match(problems.join(), /^Left running by the tests: \d+ sleep 1000$/);
  },
});
