import assert from "node:assert/strict";
import { formatRelativeTime, formatTimestamp } from "./relative_time.ts";

const NOW = Date.UTC(2026, 2, 13, 12, 30, 0);

Deno.test("the distance to now is rounded down to what matters", () => {
  assert.equal(formatRelativeTime(NOW - 400, NOW), "just now");
  assert.equal(formatRelativeTime(NOW - 12_900, NOW), "12s ago");
  assert.equal(formatRelativeTime(NOW - 5 * 60_000 - 59_000, NOW), "5m ago");
  assert.equal(formatRelativeTime(NOW - 51 * 3_600_000, NOW), "2d3h ago");
  assert.equal(formatRelativeTime(NOW + 4 * 3_600_000, NOW), "in 4h");
  assert.equal(formatRelativeTime(null, NOW), "never");
});

Deno.test("a timestamp is shown to the minute, on the reader's clock", () => {
  assert.equal(formatTimestamp(NOW), "2026-03-13 12:30");
  assert.equal(formatTimestamp(NOW, -60), "2026-03-13 11:30");
  assert.equal(formatTimestamp(null), "-");
  assert.equal(formatTimestamp(Infinity), "-");
});
