import assert from "node:assert/strict";
import { answerInTime } from "./answer_in_time.ts";

Deno.test("who is asked and silent is asked once, and whoever waits is told in time", async () => {
  const answers: PromiseWithResolvers<string>[] = [];
  const ask = answerInTime(
    () => {
      const answer = Promise.withResolvers<string>();
      answers.push(answer);
      return answer.promise;
    },
    "no answer",
    5,
  );
  assert.deepEqual(await Promise.all([ask(), ask()]), ["no answer", "no answer"]);
  assert.equal(await ask(), "no answer");
  assert.equal(answers.length, 1);
  answers[0]?.resolve("here again");
  await answers[0]?.promise;
  const next = ask();
  answers[1]?.resolve("well");
  assert.equal(await next, "well");
});

Deno.test("an answer in time is told, a failure too, and one that comes too late is no accident", async () => {
  assert.equal(await answerInTime(() => Promise.resolve(1), 0)(), 1);
  await assert.rejects(answerInTime(() => Promise.reject(new Error("down")), 0)(), /down/);
  const late = Promise.withResolvers<number>();
  const ask = answerInTime(() => late.promise, 0, 1);
  assert.equal(await ask(), 0);
  late.reject(new Error("reset"));
  await assert.rejects(late.promise, /reset/);
});
