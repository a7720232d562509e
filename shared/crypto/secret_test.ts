import assert from "node:assert/strict";
import { inspect } from "node:util";
import { Secret } from "./secret.ts";

Deno.test("a secret shows itself in no form but the one that asks for it", () => {
  const secret = new Secret("hunter2");
  const shown = [String(secret), `${secret}`, JSON.stringify({ secret }), inspect({ secret })];
  for (const text of [...shown, Deno.inspect({ secret }), inspect(secret, { showHidden: true })]) {
    assert.match(text, /«secret»/);
    assert.doesNotMatch(text, /hunter2/);
  }
  assert.equal(secret.reveal(), "hunter2");
});
