import assert from "node:assert/strict";
import fc from "fast-check";
import { readRunCursor, writeRunCursor } from "./run_cursor.ts";
import { CursorError } from "./store_error.ts";

/** Control characters, quotes and letters of many scripts; the ready-made generator of all of Unicode takes a second to start. */
const character = fc.nat({ max: 0x3000 }).map((code) => String.fromCodePoint(code));

Deno.test("a cursor names the position that it was made of", () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 45 }), fc.uuid(), (startedAtMs, runId) => {
      assert.deepEqual(readRunCursor(writeRunCursor({ startedAtMs, runId })), {
        startedAtMs,
        runId,
      });
    }),
  );
});

Deno.test("any other text is refused in one line", () => {
  fc.assert(
    fc.property(fc.string({ unit: character }), (text) => {
      assert.throws(() => readRunCursor(text), (error) => {
        assert.ok(error instanceof CursorError);
        assert.equal(/[\r\n]/.test(error.message), false);
        return true;
      });
    }),
  );
});
