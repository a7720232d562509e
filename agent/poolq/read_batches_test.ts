import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_BATCH_MESSAGES } from "./pending.ts";
import { readBatches } from "./read_batches.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (line: Uint8Array) => new TextDecoder().decode(line);

async function collect(pieces: readonly Uint8Array[], maxLineBytes = 100_000) {
  const batches: { firstLine: number; lines: string[] }[] = [];
  for await (const { firstLine, lines } of readBatches(ReadableStream.from(pieces), maxLineBytes)) {
    batches.push({ firstLine, lines: lines.map(text) });
  }
  return batches;
}

Deno.test("lines are the same however the stream was cut, and the last needs no line feed", async () => {
  const property = fc.asyncProperty(
    fc.array(fc.string({ maxLength: 12 }).filter((line) => !line.includes("\n")), {
      maxLength: 30,
    }),
    fc.integer({ min: 1, max: 9 }),
    fc.boolean(),
    async (lines, size, isEnded) => {
      const whole = bytes(lines.join("\n") + (isEnded && lines.length > 0 ? "\n" : ""));
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < whole.length; at += size) pieces.push(whole.slice(at, at + size));
      const wanted = !isEnded && lines.at(-1) === "" ? lines.slice(0, -1) : lines;
      const batches = await collect(pieces);
      assert.deepEqual(batches.flatMap((batch) => batch.lines), wanted);
    },
  );
  await fc.assert(property, { numRuns: 50 });
});

Deno.test("a batch has so many lines and bytes at most, and knows the number of its first", async () => {
  const many = await collect([bytes("x\n".repeat(MAX_BATCH_MESSAGES + 1))]);
  assert.deepEqual(many.map(({ firstLine, lines }) => [firstLine, lines.length]), [
    [1, MAX_BATCH_MESSAGES],
    [MAX_BATCH_MESSAGES + 1, 1],
  ]);
  const large = await collect([bytes(`${"x".repeat(5_000_000)}\n`.repeat(3))], 6_000_000);
  assert.deepEqual(large.map(({ firstLine }) => firstLine), [1, 2, 3]);
});

Deno.test("a line that never ends is cut off where it is seen to be too long", async () => {
  let given = 0;
  async function* endless() {
    for (;;) {
      given += 1;
      yield await Promise.resolve(new Uint8Array(1_000).fill(0x61));
    }
  }
  const lengths: number[] = [];
  for await (const { lines } of readBatches(endless(), 10_000)) {
    lengths.push(...lines.map(({ length }) => length));
  }
  assert.deepEqual(lengths, [10_001]);
  assert.ok(given < 20);
});
