import assert from "node:assert/strict";
import fc from "fast-check";
import { areaPaths, barPaths, gapPath } from "./chart_paths.ts";

const value = fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined });

Deno.test("whatever is drawn stays inside its box, and no number is none", () => {
  const rows = fc.array(fc.array(value, { minLength: 8, maxLength: 8 }), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(fc.property(rows, (series) => {
    const top = Math.max(
      1,
      ...Array.from({ length: 8 }, (_, at) => series.reduce((sum, row) => sum + (row[at] ?? 0), 0)),
    );
    for (const path of [...areaPaths(series, top), ...barPaths(series, top)]) {
      assert.doesNotMatch(path, /NaN|Infinity|e[-+]/);
      for (const number of path.match(/-?[\d.]+/g) ?? []) {
        assert(Number(number) >= 0 && Number(number) <= 100, path);
      }
    }
  }));
});

Deno.test("a time of which nothing is known is a gap, one of which nothing happened is none", () => {
  const [path = ""] = areaPaths([[1, undefined, 1, 0]], 1);
  assert.equal(path.match(/M/g)?.length, 2);
  assert.equal(barPaths([[1, undefined, 0, 2]], 2)[0]?.match(/M/g)?.length, 2);
});

Deno.test("series stand on each other", () => {
  const [, upper = ""] = barPaths([[1], [1]], 2);
  assert.equal(upper, "M0.12 50V0H0.88V50Z");
});

Deno.test("a gap is as wide as the time of which nothing is known of any series", () => {
  const none = undefined;
  assert.equal(
    gapPath([[none, 1, none, none, 2, none]]),
    "M0 0H1V100H0ZM2 0H4V100H2ZM5 0H6V100H5Z",
  );
  assert.equal(gapPath([[none, 1, none], [2, none, none]]), "M2 0H3V100H2Z");
  assert.equal(gapPath([[1, 0, 2]]), "");
  assert.equal(gapPath([]), "");
});
