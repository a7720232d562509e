import assert from "node:assert/strict";
import { flatten, pick } from "./traits.ts";

const TRAITS = { os: { distro: "debian", tags: ["a", "b"] }, empty: {}, memory: { total_mb: 5 } };

Deno.test("a path picks what is below it", () => {
  assert.equal(pick(TRAITS, "os.distro"), "debian");
  assert.deepEqual(pick(TRAITS, "memory"), { total_mb: 5 });
});

Deno.test("a path that leads nowhere is told where it ends and what there is", () => {
  assert.throws(() => pick(TRAITS, "os.vendor"), /no "vendor" below os; there is distro, tags/);
  assert.throws(() => pick(TRAITS, "constructor"), /no "constructor" among the collectors/);
});

Deno.test("traits are printed as sorted lines that cannot move a terminal", () => {
  assert.deepEqual(flatten(TRAITS, ""), [
    "empty = {}\n",
    "memory.total_mb = 5\n",
    "os.distro = debian\n",
    "os.tags = a, b\n",
  ]);
  assert.ok(!flatten({ x: "a\u001b[2J\nb" }, "").join("").includes("\u001b"));
});
