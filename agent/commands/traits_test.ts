import assert from "node:assert/strict";
import { flatten, pick, select } from "./traits.ts";

const TRAITS = { os: { distro: "debian", tags: ["a", "b"] }, empty: {}, memory: { total_mb: 5 } };

Deno.test("a path picks what is below it", () => {
  assert.equal(pick(TRAITS, "os.distro"), "debian");
  assert.deepEqual(pick(TRAITS, "memory"), { total_mb: 5 });
});

Deno.test("a path that leads nowhere is told where it ends and what there is", () => {
  assert.throws(() => pick(TRAITS, "os.vendor"), /no "vendor" below os; there is distro, tags/);
  assert.throws(() => pick(TRAITS, "os.distr"), /Did you mean "distro"\?/);
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

Deno.test("one name gives its value, several give an object of them, none gives everything", () => {
  assert.equal(select(TRAITS, ["os.distro"]).value, "debian");
  assert.deepEqual(select(TRAITS, ["os.distro", "memory"]).value, {
    "os.distro": "debian",
    memory: { total_mb: 5 },
  });
  assert.equal(select(TRAITS, []).value, TRAITS);
});

Deno.test("a collector that failed is left out of what is shown, and is not taken for a wrong name", () => {
  const failed = [{ name: "ports", reason: "no /proc" }];
  assert.deepEqual(select(TRAITS, ["ports.tcp", "os.distro"], failed).value, {
    "os.distro": "debian",
  });
  assert.deepEqual(select(TRAITS, ["ports"], failed), { value: null, parts: [] });
});
