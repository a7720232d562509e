import assert from "node:assert/strict";
import { RecentMap } from "./recent_map.ts";

Deno.test("what is asked for again and again stays, and what is not is forgotten", () => {
  const map = new RecentMap<number, string>(10);
  map.set(-1, "asked for");
  for (let key = 0; key < 100; key++) {
    map.set(key, "once");
    assert.equal(map.get(-1), "asked for");
  }
  assert.equal(map.get(99), "once");
  assert.equal(map.get(50), undefined);
});
