import assert from "node:assert/strict";
import type { FromEngine } from "../channel.ts";
import { AbsenceWatch } from "./absence_watch.ts";

Deno.test("falling quiet and waking are told once, and each page that is wanted is asked for once", () => {
  const book: { quietReason: string | undefined; rosterCursor: string } = {
    quietReason: "away for 8 days",
    rosterCursor: "start",
  };
  const logged: string[] = [];
  const posted: FromEngine[] = [];
  let awakened = 0;
  const watch = new AbsenceWatch({
    book,
    log: (_level, message) => void logged.push(message),
    post: (message) => void posted.push(message),
    onAwake: () => void (awakened += 1),
  });
  watch.follow();
  watch.follow();
  book.rosterCursor = "s:1000";
  watch.follow();
  assert.equal(awakened, 0);
  book.rosterCursor = "";
  book.quietReason = undefined;
  watch.follow();
  watch.follow();
  assert.deepEqual(
    posted,
    ["start", "s:1000", ""].map((since) => ({ kind: "roster" as const, since })),
  );
  assert.deepEqual([logged.length, awakened], [2, 1]);
});
