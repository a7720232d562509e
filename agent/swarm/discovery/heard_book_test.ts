import assert from "node:assert/strict";
import { HeardBook, MAX_HEARD } from "./heard_book.ts";

Deno.test("who was heard is told with the time, the latest first", () => {
  const book = new HeardBook();
  book.note("10.0.0.2", 1531, 1);
  book.note("10.0.0.3", undefined, 2);
  book.note("10.0.0.2", 1531, 3);
  assert.deepEqual(book.all().map(({ address, lastMs }) => [address, lastMs]), [
    ["10.0.0.2", 3],
    ["10.0.0.3", 2],
  ]);
  assert.equal(book.lastMs("10.0.0.4"), undefined);
});

Deno.test("own announcements are told apart from those of others", () => {
  const book = new HeardBook();
  book.noteOwn("10.0.0.1", 5);
  assert.equal(book.ownMs("10.0.0.1"), 5);
  assert.deepEqual(book.all(), []);
});

Deno.test("a flood of forged sources is forgotten, the oldest first", () => {
  const book = new HeardBook();
  for (let number = 0; number <= MAX_HEARD; number += 1) book.note(`${number}`, 1, number);
  assert.equal(book.all().length, MAX_HEARD);
  assert.equal(book.lastMs("0"), undefined);
});
