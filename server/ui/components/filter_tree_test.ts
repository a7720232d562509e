import assert from "node:assert/strict";
import { filterTree } from "./filter_tree.ts";

const DATA = {
  os: { distro: "Debian", release: 12 },
  network: [{ name: "eth0", up: true }, { name: "lo", up: null }],
};

Deno.test("a text is found in names and values, with what leads there", () => {
  assert.deepEqual(filterTree(DATA, " deb ", 100).found, { os: { distro: "Debian" } });
  assert.deepEqual(filterTree(DATA, "ETH", 100).found, { network: [{ name: "eth0" }] });
  assert.deepEqual(filterTree(DATA, "network", 100).found, { network: DATA.network });
  assert.deepEqual(filterTree(DATA, "nothing", 100).found, {});
  assert.deepEqual(filterTree(DATA, "", 100).found, DATA);
});

Deno.test("more values than are shown are counted", () => {
  const { found, leftOut } = filterTree(DATA, "", 2);
  assert.deepEqual([found, leftOut], [{ os: DATA.os, network: [{}, {}] }, 4]);
});
