import assert from "node:assert/strict";
import { counted } from "./counted.ts";

Deno.test("one thing is told in the singular, and none or several in the plural", () => {
  assert.deepEqual([0, 1, 2].map((amount) => counted(amount, "host")), [
    "0 hosts",
    "1 host",
    "2 hosts",
  ]);
  assert.equal(counted(2, "entry", "entries"), "2 entries");
});
