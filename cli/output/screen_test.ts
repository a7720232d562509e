import assert from "node:assert/strict";
import { fitScreen } from "./screen.ts";

Deno.test("a text is cut to what a screen shows, and says how many lines it does not", () => {
  const text = "wide enough\nb\nc\nd";
  assert.equal(fitScreen(text, { columns: 80, rows: 4 }), text);
  assert.equal(fitScreen(text, { columns: 5, rows: 3 }), "wide…\nb\n… 2 …");
  assert.equal(fitScreen(text, { columns: 80, rows: 1 }), "… 4 more");
});
