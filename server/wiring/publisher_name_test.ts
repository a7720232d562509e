import assert from "node:assert/strict";
import fc from "fast-check";
import { readPublisher, writePublisher } from "./publisher_name.ts";

Deno.test("a publisher is the principal, with the operator's own word beside it", () => {
  assert.equal(writePublisher("local-root", ""), "local-root");
  assert.equal(writePublisher("local-root", "ada"), "local-root (as ada)");
});

Deno.test("whatever an operator calls himself, the principal stays who it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (operator) => {
      assert.equal(readPublisher(writePublisher("local-root", operator)).principal, "local-root");
    }),
  );
  assert.deepEqual(readPublisher(writePublisher("envoy:1", "x) (as admin")), {
    principal: "envoy:1",
    operator: "x as admin",
  });
});
