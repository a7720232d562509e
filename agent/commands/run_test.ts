import assert from "node:assert/strict";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { CommandExit } from "../../shared/terminal/command_exit.ts";
import { buildRunReport } from "../apply/run_report.ts";
import type { Outcome } from "../../shared/config/run_report.ts";
import { conclude, type RunResult } from "./run.ts";

const NOTHING: RunResult = {
  report: null,
  notApplied: null,
  failure: null,
  isTurnedAway: false,
  refusedBundle: null,
};

function reportOf(outcome: Outcome) {
  return buildRunReport({
    startedAtMs: 1,
    durationMs: 1,
    dryRun: false,
    resources: [{ id: "file:/a", crate: "c", outcome, durationMs: 1 }],
    pendingNotifications: [],
    filled: new Map(),
    unwanted: new Set(),
  }, { runId: crypto.randomUUID(), policyVersion: "v", root: "r", trigger: "manual" });
}

/** What is written and how it ends. */
function end(result: Partial<RunResult>) {
  const written = { out: "", error: "", status: 0 as number, message: "" };
  const context = {
    write: (text: string) => void (written.out += text),
    writeError: (text: string) => void (written.error += text),
  };
  try {
    conclude(context, { ...NOTHING, ...result }, false);
  } catch (error) {
    if (error instanceof CommandExit) written.status = error.exitCode;
    else if (error instanceof UserError) {
      written.status = error.exitCode;
      written.message = error.message;
    } else throw error;
  }
  return written;
}

Deno.test("a machine that the server no longer knows is told what to do, and not that nobody answers", () => {
  const turned = { failure: "this envoy was revoked; to join again …", isTurnedAway: true };
  const nothing = end({ ...turned, notApplied: "no policy was received yet" });
  assert.equal(nothing.status, EXIT_CODE.notPermitted);
  assert.match(nothing.message, /^Nothing applied: no policy .*; this envoy was revoked; to join/);
  const cached = end({ ...turned, report: reportOf("none") });
  assert.equal(cached.status, EXIT_CODE.ok);
  assert.match(cached.error, /^Used the cached policy, since this envoy was revoked/);
});

Deno.test("without server and policy the status is 4, and a pause is no failure", () => {
  const away = end({ failure: "the server did not answer: refused", notApplied: "none yet" });
  assert.equal(away.status, EXIT_CODE.unreachable);
  const paused = end({ notApplied: "paused for 2h" });
  assert.deepEqual([paused.status, paused.out], [EXIT_CODE.ok, "Nothing applied: paused for 2h\n"]);
});

Deno.test("what failed or was blocked, and a policy that was refused, are no success", () => {
  assert.equal(end({ report: reportOf("failed") }).status, EXIT_CODE.failed);
  assert.equal(end({ report: reportOf("blocked") }).status, EXIT_CODE.failed);
  assert.equal(end({ report: reportOf("updated") }).status, EXIT_CODE.ok);
  const refused = end({ report: reportOf("none"), refusedBundle: "lower serial" });
  assert.match(refused.message, /policy that was refused: lower serial$/);
  assert.equal(refused.status, EXIT_CODE.failed);
});
