import assert from "node:assert/strict";
import { explainTransport } from "./explain_transport.ts";

Deno.test("a refused connection names what was dialled, without the library's wrapping", () => {
  const details =
    "No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1530. Resolution note: ";
  assert.equal(explainTransport(details, "vm:1530"), "vm:1530: connection refused");
});

Deno.test("a name that does not resolve and a call without an answer are told apart", () => {
  assert.equal(
    explainTransport("Name resolution failed for target dns:vm:1530", "vm:1530"),
    "vm:1530: no such host",
  );
  assert.equal(
    explainTransport("Deadline exceeded after 30.001s", "vm:1530"),
    "vm:1530: no answer in time",
  );
});

Deno.test("what the library wraps and nobody knows is said as it is, and so is what the server says", () => {
  const details =
    "No connection established. Last error: unable to verify the first certificate. Resolution note: ";
  assert.equal(explainTransport(details, "vm:1530"), "unable to verify the first certificate");
  assert.equal(explainTransport("traits are refused", "vm:1530"), "traits are refused");
});
