import assert from "node:assert/strict";
import { selectTests } from "./test_selection.ts";

const FILES = [
  "server/store/a_test.ts",
  "shared/b_test.ts",
  "tests/browser/c_test.ts",
  "tests/e2e/d_test.ts",
  "tests/support/e_test.ts",
];

Deno.test("without arguments everything runs, each test once", () => {
  const all = selectTests([], FILES);
  assert.deepEqual([...all.unit, ...all.browser, ...all.endToEnd], FILES);
  assert.equal(all.checks && all.setUp, true);
});

Deno.test("--quick is the checks and the unit tests, --unit the unit tests alone", () => {
  const unit = ["server/store/a_test.ts", "shared/b_test.ts"];
  const none = { setUp: false, endToEnd: [], browser: [] };
  assert.deepEqual(selectTests(["--quick"], FILES), { checks: true, unit, ...none });
  assert.deepEqual(selectTests(["--unit"], FILES), { checks: false, unit, ...none });
});

Deno.test("a file or a folder runs alone", () => {
  const { checks, unit, endToEnd } = selectTests(["./tests/e2e/", "shared/b_test.ts"], FILES);
  assert.deepEqual({ checks, unit, endToEnd }, {
    checks: false,
    unit: ["shared/b_test.ts"],
    endToEnd: ["tests/e2e/d_test.ts"],
  });
});

Deno.test("a name that matches nothing is refused, so that a typing error is no success", () => {
  assert.throws(() => selectTests(["tests/e2e/x_test.ts"], FILES), /"tests\/e2e\/x_test\.ts"/);
  assert.throws(() => selectTests(["--fast"], FILES), /Cannot test with "--fast"/);
  assert.throws(() => selectTests(["--unit", "shared"], FILES), /want one option or test files/);
});
