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

Deno.test("lines that have come are a batch as soon as the stream is quiet, though it goes on", async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const batches = readBatches(readable, 100);
  const next = async () => {
    const { value } = await batches.next();
    return value && [value.firstLine, ...value.lines.map(text)];
  };
  const writing = [writer.write(bytes("one\ntwo\nthr"))];
  assert.deepEqual(await next(), [1, "one", "two"]);
  writing.push(writer.write(bytes("ee\n")));
  assert.deepEqual(await next(), [3, "three"]);
  writing.push(writer.close());
  assert.equal(await next(), undefined);
  await Promise.all(writing);
});

Deno.test("whoever stops taking batches does not wait for a stream that says nothing", async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writing = writable.getWriter().write(bytes("one\n"));
  for await (const { lines } of readBatches(readable, 100)) {
    assert.equal(lines.length, 1);
    break;
  }
  await writing;
});
