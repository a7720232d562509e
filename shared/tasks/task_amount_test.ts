import assert from "node:assert/strict";
import fc from "fast-check";
import {
  isOverLimit,
  parseBatchSize,
  parseMaxFailures,
  sizeOf,
  TaskAmountError,
} from "./task_amount.ts";

Deno.test("a batch size is a count, a percentage or steps", () => {
  assert.deepEqual(parseBatchSize("5"), [{ kind: "count", count: 5 }]);
  assert.deepEqual(parseBatchSize("25%"), [{ kind: "percent", percent: 25 }]);
  assert.deepEqual(parseBatchSize("1, 5,25%"), [
    { kind: "count", count: 1 },
    { kind: "count", count: 5 },
    { kind: "percent", percent: 25 },
  ]);
});

Deno.test("what is no batch size is refused with what it is and what to write", () => {
  for (const text of ["", "0", "0%", "101%", "-1", "1.5", "5%%", "1,,2", "ten", "99999999", "1,"]) {
    assert.throws(() => parseBatchSize(text), (error) => {
      assert.ok(error instanceof TaskAmountError, text);
      assert.match(error.message, /Use a count \(5\)/, text);
      return true;
    });
  }
  assert.throws(() => parseBatchSize(Array(101).fill("1").join(",")), /at most 100/);
});

Deno.test("a limit of failures may be none at all", () => {
  assert.deepEqual(parseMaxFailures("0"), { kind: "count", count: 0 });
  assert.deepEqual(parseMaxFailures("0%"), { kind: "percent", percent: 0 });
  assert.throws(() => parseMaxFailures("1,2"), TaskAmountError);
});

Deno.test("as many failures as allowed go on, one more does not", () => {
  const two = parseMaxFailures("2"), tenth = parseMaxFailures("10%");
  assert.deepEqual([isOverLimit(2, two, 9), isOverLimit(3, two, 9)], [false, true]);
  assert.deepEqual([isOverLimit(1, tenth, 10), isOverLimit(2, tenth, 10)], [false, true]);
  assert.ok(isOverLimit(1, tenth, 5), "a tenth of five is less than one");
  assert.ok(isOverLimit(1, parseMaxFailures("0"), 5));
});

Deno.test("a percentage is rounded up and never nothing", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 100 }), fc.nat(20_000), (percent, targets) => {
    const size = sizeOf({ kind: "percent", percent }, targets);
    assert.ok(size >= 1 && size * 100 >= percent * targets);
    assert.ok(size === 1 || (size - 1) * 100 < percent * targets);
  }));
});
