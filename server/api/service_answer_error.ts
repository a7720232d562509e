import type { ServiceAnswer } from "../enroll/service_answer.ts";
import { ApiError } from "./api_error.ts";

/**
 * The value of a service's answer.
 *
 * @throws {ApiError} with the status and the line of a refusal.
 */
export function unwrap<T>(answer: ServiceAnswer<T>): T {
  if (!answer.ok) throw new ApiError(answer.status, answer.message);
  return answer.value;
}
