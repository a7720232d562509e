import assert from "node:assert/strict";
import fc from "fast-check";
import { readPublisher, writePublisher } from "./publisher_name.ts";

/** Control characters, quotes and letters of many scripts; the ready-made generator of all of Unicode takes a second to start. */
const character = fc.nat({ max: 0x3000 }).map((code) => String.fromCodePoint(code));

Deno.test("a publisher is the principal, with the operator's own word beside it", () => {
  assert.equal(writePublisher("local-root", ""), "local-root");
  assert.equal(writePublisher("local-root", "ada"), "local-root (as ada)");
});

Deno.test("whatever an operator calls himself, the principal stays who it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: character }), (operator) => {
      assert.equal(readPublisher(writePublisher("local-root", operator)).principal, "local-root");
    }),
  );
  assert.deepEqual(readPublisher(writePublisher("envoy:1", "x) (as admin")), {
    principal: "envoy:1",
    operator: "x as admin",
  });
});
