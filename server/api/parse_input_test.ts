import assert from "node:assert/strict";
import fc from "fast-check";
import { CONTRACT } from "../../shared/rest/contract.ts";
import { ApiError } from "./api_error.ts";
import { parseInput, readQuery } from "./parse_input.ts";

Deno.test("what is wrong is said in words, with the field, the value and what was expected", () => {
  const { query } = CONTRACT.filecastDistribute;
  const cast = { label: "a", target: "*", sizeBytes: 1 };
  const refusal = (read: () => unknown): string => {
    try {
      read();
    } catch (error) {
      if (error instanceof ApiError) return error.message;
    }
    throw new Error("not refused");
  };
  const cases: readonly (readonly [change: object, message: string])[] = [
    [{ retention: "3w" }, 'Cannot read query.retention "3w": expected 0, <n>h or <n>d'],
    [{ target: "" }, 'Cannot read query.target "": expected at least 1 character'],
    [{ target: undefined }, "Cannot read query.target: it is missing"],
    [{ sizeBytes: -1 }, 'Cannot read query.sizeBytes "-1": expected at least 0'],
    [{ sizeBytes: "many" }, 'Cannot read query.sizeBytes "many": expected a number'],
  ];
  for (const [change, message] of cases) {
    assert.equal(refusal(() => parseInput("query", query, { ...cast, ...change })), message);
  }
  const secret = refusal(() => parseInput("body", CONTRACT.enroll.body, { token: "short" }));
  assert.equal(secret, "Cannot read body.token: expected at least 16 characters");
});

Deno.test("whatever a caller sends, it is read or refused in one bounded line", () => {
  const anything = fc.oneof(
    fc.json({ maxDepth: 3 }).map((text): unknown => JSON.parse(text)),
    fc.anything(),
  );
  const names = fc.constantFrom(...Object.values(CONTRACT));
  fc.assert(
    fc.property(names, anything, fc.webQueryParameters(), (endpoint, body, query) => {
      for (
        const read of [
          () => parseInput("body", endpoint.body, body),
          () =>
            parseInput(
              "query",
              endpoint.query,
              readQuery(endpoint.query, new URLSearchParams(query)),
            ),
        ]
      ) {
        try {
          read();
        } catch (error) {
          assert.ok(error instanceof ApiError, String(error));
          assert.equal(error.status, 400);
          assert.equal(/[\r\n]/.test(error.message), false);
          assert.ok(error.message.length < 1000, error.message);
        }
      }
    }),
  );
});
