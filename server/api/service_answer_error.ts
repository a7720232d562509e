import type { ServiceAnswer } from "../service/service_answer.ts";
import { ApiError, retryAfter } from "./api_error.ts";

/**
 * The value of a service's answer.
 *
 * @throws {ApiError} with the status and the line of a refusal.
 */
export function unwrap<T>(answer: ServiceAnswer<T>): T {
  if (!answer.ok) {
    const { status, message, retryAfterMs } = answer;
    throw new ApiError(status, message, {
      headers: retryAfterMs === undefined ? {} : retryAfter(retryAfterMs),
    });
  }
  return answer.value;
}
