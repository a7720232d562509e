import assert from "node:assert/strict";
import { LONG_TEST_FILES, longestFirst } from "./test_order.ts";

Deno.test("what takes long comes first, and the others stay as they are", () => {
  const [longest = "", second = ""] = LONG_TEST_FILES;
  assert.deepEqual(longestFirst(["a", second, "c", longest, "b"]), [
    longest,
    second,
    "a",
    "c",
    "b",
  ]);
});

Deno.test("what is known to take long is there", async () => {
  for (const file of LONG_TEST_FILES) await Deno.stat(new URL(`../${file}`, import.meta.url));
});
