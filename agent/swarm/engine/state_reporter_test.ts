import assert from "node:assert/strict";
import { reportPauseMs } from "./state_reporter.ts";

Deno.test("reports come each second, and more rarely where each takes long", () => {
  assert.equal(reportPauseMs(0), 1000);
  assert.equal(reportPauseMs(20), 1000);
  assert.equal(reportPauseMs(600), 5400);
});
