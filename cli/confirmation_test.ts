import assert from "node:assert/strict";
import { isYes } from "./confirmation.ts";

Deno.test("only a yes is a yes", () => {
  for (const yes of ["y\n", "Y", " yes \r\n", "YES"]) assert.ok(isYes(yes), yes);
  for (const no of ["", "\n", "n", "no", "yess", "y n", "\x1b[A"]) assert.ok(!isYes(no), no);
});
