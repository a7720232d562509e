import assert from "node:assert/strict";
import { LocalProcesses } from "../system/local_processes.ts";
import { runCommand } from "./run_command.ts";

const NEVER = new AbortController().signal;

/** What a command prints with a niceness. */
async function printedAt(nice: number, command: string): Promise<string> {
  const { verdict, stdout, stderr } = await runCommand(
    { command, nice, timeoutMs: 60_000, maxOutputBytes: 4_096 },
    new LocalProcesses({ killGraceMs: 200 }),
    { cancel: NEVER, stop: NEVER, hurry: NEVER, onOutput: () => {} },
  );
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(verdict, "complete", text(stderr.head));
  return text(stdout.head).trim();
}

Deno.test({
  name:
    "a command's niceness is its IO priority too, and the lowest is served when the disk is idle",
  // Only Linux has them.
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const command = "ionice -p $$";
    const priorities = {
      untouched: await printedAt(0, command),
      1: await printedAt(1, command),
      7: await printedAt(7, command),
      18: await printedAt(18, command),
      19: await printedAt(19, command),
    };
    assert.doesNotMatch(priorities.untouched, /^idle/);
    assert.match(priorities[1], /^best-effort: prio 4/);
    assert.match(priorities[7], /^best-effort: prio 5/);
    assert.match(priorities[18], /^best-effort: prio 7/);
    assert.match(priorities[19], /^idle/);
  },
});
