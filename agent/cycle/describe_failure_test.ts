import assert from "node:assert/strict";
import { Refusal_Reason } from "../../shared/proto/agent.ts";
import { describeFailure, explainFailure, isTurnedAway } from "./describe_failure.ts";

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

Deno.test("whoever waits for a run reads of a refusal what to do, and of silence why", () => {
  const failure = (reason?: Refusal_Reason) => ({
    message: "no route",
    clockSuspected: false,
    ...(reason === undefined ? {} : { refusal: { reason, message: "", serverTime: undefined } }),
  });
  assert.match(explainFailure(failure(Refusal_Reason.REVOKED)), /^this envoy was revoked; to join/);
  assert.equal(explainFailure(failure()), "the server did not answer: no route");
  assert.deepEqual(
    [undefined, Refusal_Reason.RETRY_NEW_NONCE, Refusal_Reason.REVOKED].map((reason) =>
      isTurnedAway(failure(reason))
    ),
    [false, false, true],
  );
});
