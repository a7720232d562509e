import assert from "node:assert/strict";
import type { IntegrityAnswer } from "../channel.ts";
import { askIntegrity } from "./ask_integrity.ts";

const { signal } = new AbortController();

function answerWith(answer: IntegrityAnswer) {
  return (port: MessagePort) => {
    port.postMessage(answer);
    port.close();
  };
}

Deno.test("what the process finds in the database is the answer", async () => {
  const findings = ["row 1 of a names a missing row of b"];
  assert.deepEqual(await askIntegrity(answerWith({ ok: true, findings }), signal), findings);
  const refusal = answerWith({ ok: false, reason: "Cannot read" });
  await assert.rejects(askIntegrity(refusal, signal), /^StoreError: Cannot read$/);
});

Deno.test("nobody waits for an answer once the database is being closed", async () => {
  const closing = new AbortController();
  const asked = askIntegrity(() => closing.abort(), closing.signal);
  await assert.rejects(asked, /it is being closed/);
  const unasked = () => assert.fail("it was asked");
  await assert.rejects(askIntegrity(unasked, closing.signal), /it is being closed/);
});
