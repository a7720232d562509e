import assert from "node:assert/strict";
import { HealthChecks } from "./health.ts";

const DAY_MS = 86_400_000;

function reportAt(nowMs: number, notAfterMs: number) {
  return new HealthChecks([], () => [{ name: "the CA", notAfterMs }], () => nowMs).report();
}

Deno.test("a certificate is warned of from 30 days before its end, and is a problem at its end", async () => {
  const end = 100 * DAY_MS;
  assert.deepEqual(await reportAt(70 * DAY_MS - 1, end), {
    ready: true,
    problems: [],
    warnings: [],
  });
  const close = await reportAt(70 * DAY_MS, end);
  assert.equal(close.ready, true);
  assert.deepEqual(close.warnings, ["the CA expires in 30 days, at 1970-04-11T00:00:00.000Z"]);
  const over = await reportAt(end, end);
  assert.deepEqual([over.ready, over.problems], [
    false,
    ["the CA expired at 1970-04-11T00:00:00.000Z"],
  ]);
});

Deno.test("every check that fails is named", async () => {
  const health = new HealthChecks(
    [
      () => Promise.resolve("database: locked"),
      () => Promise.resolve(undefined),
      () => Promise.resolve("listener: gone"),
    ],
    () => [],
    () => 0,
  );
  assert.deepEqual((await health.report()).problems, ["database: locked", "listener: gone"]);
});
