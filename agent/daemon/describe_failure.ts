import { Refusal_Reason } from "../../shared/proto/agent.ts";
import type { CallFailure } from "./server_gateway.ts";

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
