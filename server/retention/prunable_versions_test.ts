import assert from "node:assert/strict";
import fc from "fast-check";
import { prunableVersions } from "./prunable_versions.ts";

const published = (version: string, publishedAtMs: number) => ({ version, publishedAtMs });

Deno.test("a version goes when it is old, not live, and not one of the last", () => {
  const history = [published("d", 40), published("c", 30), published("b", 20), published("a", 10)];
  const prune = (live: string, publishedBeforeMs: number, keep: number) =>
    prunableVersions(["a", "b", "c", "d"], history, { live, publishedBeforeMs, keep });
  assert.deepEqual(prune("d", 35, 1), ["a", "b", "c"]);
  assert.deepEqual(prune("d", 35, 3), ["a"]);
  assert.deepEqual(prune("a", 35, 1), ["b", "c"]);
  assert.deepEqual(prune("d", 15, 1), ["a"]);
});

Deno.test("a version that was published again is as young as that", () => {
  const history = [published("a", 40), published("b", 20), published("a", 10)];
  const limits = { live: undefined, publishedBeforeMs: 30, keep: 0 };
  assert.deepEqual(prunableVersions(["a", "b"], history, limits), ["b"]);
});

Deno.test("a version that the history does not know stays: it may be in the act of being published", () => {
  const limits = { live: undefined, publishedBeforeMs: 100, keep: 0 };
  assert.deepEqual(prunableVersions(["x"], [], limits), []);
});

Deno.test("whatever was published, the live version and the last ones stay", () => {
  const name = fc.constantFrom("a", "b", "c", "d", "e");
  const history = fc.array(name, { minLength: 1 })
    .map((names) => names.map((version, at) => published(version, 1_000 - at)));
  fc.assert(fc.property(history, fc.nat(6), fc.nat(1_100), (records, keep, publishedBeforeMs) => {
    const live = records[0]?.version;
    const onDisk = [...new Set(records.map(({ version }) => version))];
    const gone = prunableVersions(onDisk, records, { live, publishedBeforeMs, keep });
    const recent = onDisk.slice(0, keep);
    for (const version of gone) {
      assert.ok(version !== live && !recent.includes(version));
      assert.ok(
        records.every((one) => one.version !== version || one.publishedAtMs < publishedBeforeMs),
      );
    }
  }));
});
