import assert from "node:assert/strict";
import { UserError } from "../../shared/terminal/user_error.ts";
import { parseUntil } from "./parse_until.ts";

const NOW = Date.parse("2026-01-30T12:00:00Z");

Deno.test("the end of something is a time from now or a time of its own", () => {
  assert.equal(parseUntil("90m", NOW), NOW + 5_400_000);
  assert.equal(parseUntil("2026-01-31", NOW), Date.parse("2026-01-31T00:00:00Z"));
  assert.equal(parseUntil("2026-01-31T12:00+02:00", NOW), Date.parse("2026-01-31T10:00:00Z"));
});

Deno.test("an end that is past, or is no time, is refused with what to write", () => {
  for (const text of ["0", "2026-01-29", "tomorrow", "2026-13-01", "2026-01-31T12:00", ""]) {
    assert.throws(
      () => parseUntil(text, NOW),
      (error) =>
        error instanceof UserError && error.exitCode === 2 &&
        /Write a duration/.test(error.message),
      text,
    );
  }
});
