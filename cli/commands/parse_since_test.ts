import assert from "node:assert/strict";
import fc from "fast-check";
import { UserError } from "../../shared/terminal/user_error.ts";
import { parseSince } from "./parse_since.ts";

const NOW = Date.parse("2026-02-01T00:00:00Z");

Deno.test("a beginning is a duration ago, a day, or a time with its zone", () => {
  assert.equal(parseSince("2h", NOW), NOW - 7_200_000);
  assert.equal(parseSince("2026-01-31", NOW), NOW - 86_400_000);
  assert.equal(parseSince("2026-01-31T23:00+01:00", NOW), NOW - 7_200_000);
});

Deno.test("anything else is refused in one line, a time without a zone too", () => {
  for (const text of ["yesterday", "", "2026-01-31T12:00", "2026-13-01", "5", "-2h"]) {
    assert.throws(() => parseSince(text, NOW), UserError, text);
  }
  fc.assert(fc.property(fc.string(), (text) => {
    try {
      assert.ok(Number.isSafeInteger(parseSince(text, NOW)));
    } catch (error) {
      assert.ok(error instanceof UserError && !error.message.includes("\n"));
    }
  }));
});
