import assert from "node:assert/strict";
import { PendingAnswers } from "./pending_answers.ts";

Deno.test("each request gets its own answer, once, and others change nothing", async () => {
  const pending = new PendingAnswers<string>();
  const posted: number[] = [];
  const asked = [1, 2].map(() => pending.ask((requestId) => posted.push(requestId)));
  assert.equal(pending.size, 2);
  const [first = 0, second = 0] = posted;
  pending.settle(second, "of the second");
  pending.settle(second, "too late");
  pending.settle(second + 1, "to nothing");
  pending.settle(first, "of the first");
  assert.deepEqual(await Promise.all(asked), ["of the first", "of the second"]);
  assert.equal(pending.size, 0);
});

Deno.test("what is not answered in time, or by nobody any more, has no answer", async () => {
  const pending = new PendingAnswers<string>();
  assert.equal(await pending.ask(() => {}, 1), null);
  const asked = [pending.ask(() => {}, 60_000), pending.ask(() => {})];
  pending.settleAll(null);
  assert.deepEqual(await Promise.all(asked), [null, null]);
});

Deno.test("a request that cannot be posted fails and is not waited for", async () => {
  const pending = new PendingAnswers<string>();
  await assert.rejects(
    pending.ask(() => {
      throw new Error("closed");
    }),
    /closed/,
  );
  assert.equal(pending.size, 0);
});
