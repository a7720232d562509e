import { Refusal_Reason } from "../../shared/proto/agent.ts";
import type { CallFailure } from "../server_link/server_gateway.ts";

/** How a failed check-in is told: what heals by itself is a warning, what needs a person an error that says what to do. */
export function describeFailure(
  { refusal }: CallFailure,
): { readonly level: "warn" | "error"; readonly message: string } {
  switch (refusal?.reason) {
    case undefined:
      return {
        level: "warn",
        message: "the server does not answer; the last policy stays in force",
      };
    case Refusal_Reason.REVOKED:
      return {
        level: "error",
        message:
          "this envoy was revoked; to join again remove its configuration folder and run vigo bootstrap with a new token",
      };
    case Refusal_Reason.UNKNOWN_ENVOY:
    case Refusal_Reason.WRONG_ENVOY:
    case Refusal_Reason.BAD_SIGNATURE:
      return {
        level: "error",
        message: "the server does not know this identity; is it the server of this fleet?",
      };
    default:
      return { level: "warn", message: "the server refused a check-in; it is tried again" };
  }
}

/** The same for a person who waits for a run, in one clause. */
export function explainFailure(failure: CallFailure): string {
  const { level, message } = describeFailure(failure);
  if (level === "error") return message;
  return failure.refusal === undefined
    ? `the server did not answer: ${failure.message}`
    : `the server refused the check-in: ${failure.message}`;
}

/** Whether the server answered that it does not know this machine, or no longer. */
export function isTurnedAway(failure: CallFailure): boolean {
  return describeFailure(failure).level === "error";
}
