import assert from "node:assert/strict";
import { addTallies, countReport, formatTally } from "./test_tally.ts";

const REPORT = `<testsuites name="deno test" tests="9" failures="1" errors="1" time="0.01">
  <testsuite name="./a_test.ts" tests="7" disabled="2" errors="0" failures="1"></testsuite>
  <testsuite name="./b_test.ts" tests="2" disabled="0" errors="1" failures="0"></testsuite>
</testsuites>`;

Deno.test("failures and errors of all files are failed, ignored tests are skipped, the rest passed", () => {
  assert.deepEqual(countReport(REPORT, false), { passed: 5, failed: 2, skipped: 2 });
});

Deno.test("a run that failed without a failed test or without a report is one failure", () => {
  assert.equal(countReport('<testsuite tests="3" failures="0">', false).failed, 1);
  assert.equal(countReport(undefined, false).failed, 1);
  assert.equal(countReport(undefined, true).failed, 0);
});

Deno.test("the summary names skipped tests only where there are some", () => {
  const sum = addTallies({ passed: 2, failed: 0, skipped: 0 }, {
    passed: 3,
    failed: 1,
    skipped: 0,
  });
  assert.equal(formatTally(sum), "5 passed, 1 failed");
  assert.equal(formatTally({ ...sum, skipped: 4 }), "5 passed, 1 failed, 4 skipped");
});
