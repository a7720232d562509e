import assert from "node:assert/strict";
import { formatBytes, formatRate } from "./bytes.ts";

Deno.test("sizes read as people write them", () => {
  const cases: readonly [bytes: number, text: string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1 kB"],
    [1234, "1.2 kB"],
    [9949, "9.9 kB"],
    [9950, "10 kB"],
    [312_000_000, "312 MB"],
    [999_499, "999 kB"],
    [999_500, "1 MB"],
    [8_300_000_000, "8.3 GB"],
    [2e21, "2000 EB"],
  ];
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text);
});

Deno.test("a rate is a size per second", () => {
  assert.equal(formatRate(112_400_000), "112 MB/s");
});
