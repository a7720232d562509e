import assert from "node:assert/strict";
import { GivenChunks } from "./given_chunks.ts";

Deno.test("a chunk is given to a second peer only when each was given once, or the first had its time", () => {
  const given = new GivenChunks(3);
  assert.equal(given.isOnItsWay(0, "one", 0), false);
  given.note(0, "one", 0);
  assert.equal(given.isOnItsWay(0, "two", 4_999), true);
  assert.equal(given.isOnItsWay(0, "one", 10), false, "who did not get it whole may ask again");
  assert.equal(given.isOnItsWay(1, "two", 10), false, "others are free");
  assert.equal(given.isOnItsWay(0, "two", 5_000), false);
  given.note(1, "two", 10);
  assert.equal(given.bits.count, 2);
  given.note(2, "one", 20);
  assert.equal(given.isOnItsWay(1, "one", 20), false, "nothing is left that nobody has");
});
