import assert from "node:assert/strict";
import { Refusal_Reason } from "../../shared/proto/agent.ts";
import { describeFailure } from "./describe_failure.ts";

Deno.test("only what a person must mend is an error", () => {
  const level = (reason?: Refusal_Reason) =>
    describeFailure({
      message: "",
      clockSuspected: false,
      ...(reason === undefined ? {} : { refusal: { reason, message: "", serverTime: undefined } }),
    }).level;
  assert.equal(level(), "warn");
  assert.equal(level(Refusal_Reason.RETRY_NEW_NONCE), "warn");
  assert.equal(level(Refusal_Reason.REVOKED), "error");
  assert.equal(level(Refusal_Reason.UNKNOWN_ENVOY), "error");
});
