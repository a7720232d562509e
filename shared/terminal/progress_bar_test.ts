import assert from "node:assert/strict";
import fc from "fast-check";
import { displayWidth } from "./display_width.ts";
import { renderProgressBar } from "./progress_bar.ts";

Deno.test("a bar shows how much is done, how fast, and what is left", () => {
  assert.equal(
    renderProgressBar({ label: "web-01", fraction: 0.5, bytesPerSecond: 112e6, remainingMs: 3000 }),
    "web-01  [############------------]   50%  112 MB/s  3s left",
  );
});

Deno.test("only what is done is full and 100%, and it has nothing left", () => {
  const options = { labelWidth: 4, barWidth: 4 };
  assert.equal(renderProgressBar({ label: "a", fraction: 0.999 }, options), "a     [###-]   99%");
  assert.equal(
    renderProgressBar({ label: "a", fraction: 1, remainingMs: 0 }, options),
    "a     [####]  100%",
  );
});

Deno.test("any fraction and any label give one line of the same width", () => {
  const width = displayWidth(renderProgressBar({ label: "", fraction: 0 }, { labelWidth: 8 }));
  fc.assert(fc.property(fc.double(), fc.string({ unit: "binary-ascii" }), (fraction, label) => {
    const line = renderProgressBar({ label, fraction }, { labelWidth: 8 });
    assert.equal(displayWidth(line), width);
    assert.doesNotMatch(line, /\p{Cc}/u);
  }));
});
