import assert from "node:assert/strict";
import { runCommand, runOrThrow } from "./run_command.ts";

Deno.test("a command gets its input and environment and answers with status and both outputs", async () => {
  const result = await runCommand("/bin/sh", ["-c", 'cat; echo "$A" >&2; exit 7'], {
    stdin: "in",
    env: { A: "b" },
    clearEnv: true,
  });
  assert.deepEqual(result, { code: 7, stdout: "in", stderr: "b\n" });
});

Deno.test("a command may end without reading its input", async () => {
  const result = await runCommand("true", [], { stdin: "x".repeat(1_000_000) });
  assert.equal(result.code, 0);
});

Deno.test("a command that overstays its deadline is killed with its children and named", async () => {
  await assert.rejects(
    runCommand("sh", ["-c", "sleep 1000; true"], { deadlineMs: 1 }),
    /Ran "sh -c sleep 1000; true": not finished after 1 ms/,
  );
});

Deno.test("a command that has to succeed fails with what it printed", async () => {
  await assert.rejects(
    runOrThrow("sh", ["-c", "echo no space >&2; exit 2"]),
    /status 2: no space/,
  );
});
