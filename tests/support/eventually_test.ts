import assert from "node:assert/strict";
import { eventually } from "./eventually.ts";

Deno.test("the first answer that is not false, null or undefined is returned", async () => {
  const answers: (number | false | null | undefined)[] = [undefined, null, false, 0, 1];
  assert.equal(await eventually("a number comes", () => answers.shift()), 0);
  assert.deepEqual(answers, [1]);
});

Deno.test("a look that throws counts as not yet", async () => {
  let looks = 0;
  const found = await eventually("the second look works", () => {
    if (++looks === 1) throw new Error("connection refused");
    return "served";
  });
  assert.equal(found, "served");
});

Deno.test("what never comes is named together with the last thing seen", async () => {
  const refuse = () => {
    throw new Error("connection refused");
  };
  await assert.rejects(
    eventually("the port opens", refuse, 1),
    /Waited 1 ms in vain until the port opens; the last look gave Error: connection refused/,
  );
});
