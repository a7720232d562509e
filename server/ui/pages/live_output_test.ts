import assert from "node:assert/strict";
import { LiveOutput } from "./live_output.tsx";

const NOW_MS = Date.UTC(2026, 2, 13, 12, 30, 5);

function take(output: LiveOutput, text: string, offset: number, position = 0): string {
  return output.take({
    kind: "output",
    position,
    hostname: `web-${position + 1}`,
    stream: "stdout",
    offset,
    data: new TextEncoder().encode(text).toBase64(),
  }, NOW_MS).map(String).join("\n");
}

Deno.test("output that comes after a connection was lost takes the place of what stood, and says what is missing", () => {
  const output = new LiveOutput();
  const first = take(output, "line 13\n", 120);
  assert.match(first, /hx-target="#live-output" hx-swap="innerHTML"><\/template>[^]*line 13/);
  assert.match(
    first,
    /Output before 12:30:05 UTC was not seen here; all that is kept of it stands/,
  );
  const second = take(output, "line 1\n", 0, 1);
  assert.doesNotMatch(second, /innerHTML|not seen/);
  assert.match(second, /id="live-1-stdout"/);
});

Deno.test("bytes that are missing in the middle of live output are told where they are missing", () => {
  const output = new LiveOutput();
  assert.doesNotMatch(take(output, "one\n", 0), /not seen/);
  assert.doesNotMatch(take(output, "two\n", 4), /not seen|id="live-0-stdout"/);
  assert.match(take(output, "three\n", 1_008), /… 1 kB were not seen here …\nthree/);
});
