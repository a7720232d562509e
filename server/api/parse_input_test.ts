import assert from "node:assert/strict";
import fc from "fast-check";
import { CONTRACT } from "../../shared/rest/contract.ts";
import { ApiError } from "./api_error.ts";
import { parseInput, readQuery } from "./parse_input.ts";

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
