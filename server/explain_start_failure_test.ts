import assert from "node:assert/strict";
import { explainStartFailure } from "./explain_start_failure.ts";
import { StoreError } from "./store/store_error.ts";

Deno.test("a start that failed is explained in one line", () => {
  const inUse = Object.assign(new Error("listen EADDRINUSE: address already in use 0.0.0.0:8443"), {
    code: "EADDRINUSE",
  });
  assert.match(
    explainStartFailure(inUse),
    /^Cannot start: .*0\.0\.0\.0:8443\. Another program has/,
  );
  assert.equal(explainStartFailure(new StoreError("Cannot open database")), "Cannot open database");
  assert.equal(explainStartFailure(new TypeError("a\n  b")), "Cannot start: a b");
  assert.equal(explainStartFailure("thrown text"), "Cannot start: thrown text");
});
