import assert from "node:assert/strict";
import fc from "fast-check";
import { chunkAt, paintRow, planGrid } from "./chunk_grid.js";

const room = fc.record({
  rows: fc.integer({ min: 1, max: 1_000 }),
  chunks: fc.integer({ min: 1, max: 4_096 }),
  width: fc.integer({ min: 150, max: 2_400 }),
  height: fc.integer({ min: 300, max: 1_600 }),
  ratio: fc.constantFrom(1, 1.5, 2),
});

/** A colour for each place. */
const COLORS = Uint32Array.from({ length: 256 }, (_, place) => 0xff000000 | place * 0x010305);

Deno.test("in whatever room there is, each chunk has its place inside the row and no two share a cell", () => {
  fc.assert(
    fc.property(room, (asked) => {
      const plan = planGrid(asked);
      assert(plan.height >= 1);
      if (plan.cell === 0) return;
      assert(plan.perLine * plan.cell <= asked.width);
      assert(plan.perLine * plan.lines >= asked.chunks);
      assert(plan.lines === 1 || plan.lines * plan.cell <= plan.height);
    }),
    { numRuns: 300, seed: 3 },
  );
});

Deno.test("what is painted under a dot is the chunk that lies there", () => {
  fc.assert(
    fc.property(room, fc.nat(), (asked, seed) => {
      const plan = planGrid(asked);
      const places = Uint8Array.from(
        { length: asked.chunks },
        (_, chunk) => (chunk * 31 + seed) % 256,
      );
      const dots = new Uint32Array(asked.width * plan.height);
      paintRow(dots, asked.width, plan, places, COLORS, 0);
      if (plan.cell === 0) return;
      for (const at of [0, 7, dots.length >> 1, dots.length - 1]) {
        if (dots[at] === 0) continue;
        const chunk = chunkAt(
          plan,
          asked.chunks,
          asked.width,
          at % asked.width,
          Math.floor(at / asked.width),
        );
        assert(chunk !== undefined);
        assert.equal(dots[at], COLORS[places[chunk] ?? 0]);
      }
    }),
    { numRuns: 60, seed: 5 },
  );
});

Deno.test("chunks that share a dot are mixed in it: half of them gives half of the colour", () => {
  const plan = { cell: 0, gap: 0, perLine: 10, lines: 1, height: 2, between: 1 };
  const places = Uint8Array.from({ length: 20 }, (_, chunk) => chunk % 2);
  const dots = new Uint32Array(20);
  paintRow(dots, 10, plan, places, Uint32Array.of(0xff000000, 0xff0000ff), 0);
  assert.deepEqual([...new Set(dots)], [0xff000080 >>> 0]);
});

Deno.test("few chunks of few envoys are big, thousands of thousands still have two dots of height", () => {
  const few = planGrid({ rows: 3, chunks: 16, width: 900, height: 600, ratio: 1 });
  assert.deepEqual([few.cell, few.lines], [16, 1]);
  const many = planGrid({ rows: 1_000, chunks: 4_096, width: 900, height: 600, ratio: 1 });
  assert.equal(many.cell, 0);
  assert(many.height >= 2);
  const middle = planGrid({ rows: 5, chunks: 4_096, width: 900, height: 600, ratio: 1 });
  assert(middle.cell >= 3 && middle.lines > 1);
});
