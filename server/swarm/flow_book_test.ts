import assert from "node:assert/strict";
import fc from "fast-check";
import { FLOW_WINDOW_MS, FlowBook } from "./flow_book.ts";

Deno.test("flows between the same two add up, and the largest come first", () => {
  const book = new FlowBook();
  book.note("a", "b", { chunks: 1, sizeBytes: 10 }, 1_000);
  book.note("a", "c", { chunks: 2, sizeBytes: 90 }, 2_000);
  book.note("a", "b", { chunks: 3, sizeBytes: 30 }, 30_000);
  assert.deepEqual(book.list(30_000), [
    { from: "a", to: "c", chunks: 2, sizeBytes: 90 },
    { from: "a", to: "b", chunks: 4, sizeBytes: 40 },
  ]);
});

Deno.test("a flow is shown for its minute at least, and for no more than five seconds longer", () => {
  fc.assert(fc.property(fc.nat(1_000_000), fc.nat(200_000), (atMs, laterMs) => {
    const book = new FlowBook();
    book.note("a", "b", { chunks: 1, sizeBytes: 1 }, atMs);
    const shown = book.list(atMs + laterMs).length === 1;
    if (laterMs < FLOW_WINDOW_MS) assert(shown);
    if (laterMs > FLOW_WINDOW_MS + 5_000) assert(!shown);
  }));
});

Deno.test("a clock that is set back loses nothing, and one that jumps ahead forgets", () => {
  const book = new FlowBook();
  book.note("a", "b", { chunks: 1, sizeBytes: 1 }, 100_000);
  book.note("a", "b", { chunks: 1, sizeBytes: 1 }, 40_000);
  assert.equal(book.list(100_000)[0]?.chunks, 2);
  assert.deepEqual(book.list(10_000_000), []);
});

Deno.test("however many envoys fetch from however many, what is remembered is bounded", () => {
  const book = new FlowBook();
  for (let to = 0; to < 30_000; to += 1) book.note("a", `b${to}`, { chunks: 1, sizeBytes: 1 }, 0);
  assert.equal(book.list(0).length, 20_000);
});
