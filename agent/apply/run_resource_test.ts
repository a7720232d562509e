import assert from "node:assert/strict";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import type { BoundResource } from "../resources/bind_resource.ts";
import { type Finding, IN_SYNC } from "../resources/resource.ts";
import { BlockedError } from "../system/blocked_error.ts";
import { FileError } from "../system/file_error.ts";
import { runResource } from "./run_resource.ts";

const DIFFERS: Finding = { kind: "would_change", diff: "-old\n+new" };

/** A resource that answers its checks in order and notes what was called. */
function scripted(findings: readonly (Finding | Error)[], change: Partial<BoundResource> = {}) {
  const calls: string[] = [];
  const answers = [...findings];
  const resource: BoundResource = {
    params: {},
    reliesOnOthers: false,
    settles: () => true,
    check: ({ notified }) => {
      calls.push(notified ? "check notified" : "check");
      const answer = answers.shift();
      if (answer === undefined) throw new assert.AssertionError({ message: "checked too often" });
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    apply: () => {
      calls.push("apply");
      return Promise.resolve("updated");
    },
    ...change,
  };
  return { resource, calls };
}

async function run(
  { resource, calls }: ReturnType<typeof scripted>,
  { dryRun = false, notified = false, signal = new AbortController().signal } = {},
) {
  await using machine = await TemporaryMachine.create();
  const beforeChange = () => {
    calls.push("before");
    return Promise.resolve();
  };
  const context = { ...machine.context(), notified, signal };
  return await runResource(resource, context, { dryRun, beforeChange });
}

function fileError(code: string): FileError {
  return new FileError("write", "/x", Object.assign(new Error(code), { code }));
}

Deno.test("what is in sync is left alone, and what cannot be told too", async () => {
  const inSync = scripted([IN_SYNC]);
  assert.deepEqual(await run(inSync), { outcome: "none" });
  const unknown = scripted([{ kind: "unknown", reason: "a folder is there" }]);
  assert.deepEqual(await run(unknown), { outcome: "unknown", reason: "a folder is there" });
  assert.deepEqual([inSync.calls, unknown.calls], [["check"], ["check"]]);
});

Deno.test("a change is prepared, made, and looked at again without the notification", async () => {
  const differs = scripted([DIFFERS, IN_SYNC]);
  assert.deepEqual(await run(differs, { notified: true }), {
    outcome: "updated",
    diff: "-old\n+new",
  });
  assert.deepEqual(differs.calls, ["check notified", "before", "apply", "check"]);
  const dry = scripted([DIFFERS]);
  assert.equal((await run(dry, { dryRun: true })).outcome, "would_change");
  assert.deepEqual(dry.calls, ["check"]);
});

Deno.test("what is still not as wanted after its change has failed, and says what is left", async () => {
  const left = await run(scripted([DIFFERS, { kind: "would_change", diff: "+more" }]));
  assert.deepEqual([left.outcome, left.diff], ["failed", "-old\n+new"]);
  assert.match(left.reason ?? "", /^does not settle; right after the change: \+more$/);
  assert.equal((await run(scripted([DIFFERS], { settles: () => false }))).outcome, "updated");
});

Deno.test("whose fault an error is decides what it comes to", async () => {
  const failing = (error: Error) => scripted([DIFFERS], { apply: () => Promise.reject(error) });
  const outcome = async (script: ReturnType<typeof scripted>) => (await run(script)).outcome;
  assert.equal(await outcome(failing(new Error("refused"))), "failed");
  assert.equal(await outcome(failing(new BlockedError("no source"))), "blocked");
  assert.equal(await outcome(failing(fileError("ENOSPC"))), "blocked");
  assert.equal(await outcome(failing(fileError("EISDIR"))), "failed");
  // Nothing was touched yet.
  assert.equal(await outcome(scripted([fileError("EACCES")])), "unknown");
  assert.equal(await outcome(scripted([new Error("a bug")])), "failed");
});

Deno.test("a resource that ends itself because the run was stopped is skipped", async () => {
  const stop = new AbortController();
  const script = scripted([DIFFERS], {
    apply: () => {
      stop.abort();
      return Promise.reject(stop.signal.reason);
    },
  });
  const { outcome, reason } = await run(script, { signal: stop.signal });
  assert.deepEqual([outcome, reason], ["skipped", "the run was stopped"]);
});
