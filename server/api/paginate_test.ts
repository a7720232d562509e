import assert from "node:assert/strict";
import { newestFirst, paginate } from "./paginate.ts";

Deno.test("pages follow each other in the order of their keys, without loss or repetition", () => {
  const rows = ["e", "c", "a", "d", "b"];
  const first = paginate(rows, (row) => row, { limit: 2 });
  assert.deepEqual(first, { page: ["a", "b"], nextCursor: "b" });
  const second = paginate(rows, (row) => row, { limit: 2, cursor: "b" });
  assert.deepEqual(second, { page: ["c", "d"], nextCursor: "d" });
  assert.deepEqual(paginate(rows, (row) => row, { limit: 2, cursor: "d" }), {
    page: ["e"],
    nextCursor: null,
  });
});

Deno.test("a page that ends with the last row is the last", () => {
  assert.equal(paginate(["a", "b"], (row) => row, { limit: 2 }).nextCursor, null);
  assert.deepEqual(paginate([], String, { limit: 2, cursor: "x" }), { page: [], nextCursor: null });
});

Deno.test("a row that is removed between two pages hides no other", () => {
  const { nextCursor } = paginate(["a", "b", "c"], (row) => row, { limit: 2 });
  assert.deepEqual(
    paginate(["a", "c"], (row) => row, { limit: 2, cursor: nextCursor ?? "" }).page,
    ["c"],
  );
});

Deno.test("what is newest comes first, and rows of one moment by their names", () => {
  const rows = [[5, "a"], [1_700_000_000_000, "b"], [5, "c"], [0, "d"]] as const;
  const { page } = paginate(rows, ([ms, name]) => newestFirst(ms, name), { limit: 9 });
  assert.deepEqual(page.map(([, name]) => name), ["b", "a", "c", "d"]);
});
