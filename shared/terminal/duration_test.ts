import assert from "node:assert/strict";
import fc from "fast-check";
import { DurationError, formatDuration, MAX_DURATION_MS, parseDuration } from "./duration.ts";

Deno.test("durations are whole numbers with units, largest first", () => {
  const cases: readonly [text: string, ms: number][] = [
    ["0", 0],
    ["0s", 0],
    ["250ms", 250],
    ["90s", 90_000],
    ["15m", 900_000],
    ["24h", 86_400_000],
    ["30d", 30 * 86_400_000],
    ["1h30m", 5_400_000],
    ["36525d", MAX_DURATION_MS],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text);
});

Deno.test("what is no duration is refused with an example of one", () => {
  assert.throws(() => parseDuration("90"), /"90"\. Add a unit, as in 90s/);
  for (const text of ["", "s", "-1s", "1.5h", "30m1h", "1w", "1h ", "1H", "90s 15m"]) {
    assert.throws(() => parseDuration(text), /as in 90s, 15m, 24h, 30d or 1h30m/, text);
  }
  assert.throws(() => parseDuration("36525d1ms"), /over a century/);
  assert.throws(() => parseDuration("9".repeat(1e6)), DurationError);
});

Deno.test("durations read as people write them", () => {
  const cases: readonly [ms: number, text: string][] = [
    [-5, "0s"],
    [NaN, "0s"],
    [0, "0s"],
    [42, "42ms"],
    [999.6, "1s"],
    [3400, "3.4s"],
    [9960, "10s"],
    [59_900, "1m"],
    [90_000, "1m30s"],
    [3_599_900, "1h"],
    [5_400_000, "1h30m"],
    [7 * 86_400_000, "7d"],
    [86_400_000 + 3_600_000 + 60_000, "1d1h"],
  ];
  for (const [ms, text] of cases) assert.equal(formatDuration(ms), text);
});

Deno.test("a duration of whole minutes below a day survives being written and read", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 1439 }), (minutes) => {
    assert.equal(parseDuration(formatDuration(minutes * 60_000)), minutes * 60_000);
  }));
});

Deno.test("outside text gives a number of milliseconds or a DurationError", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."0189dhms. -") }), (text) => {
    try {
      const ms = parseDuration(text);
      assert.ok(Number.isSafeInteger(ms) && ms >= 0 && ms <= MAX_DURATION_MS);
    } catch (error) {
      assert.ok(error instanceof DurationError);
    }
  }));
});
