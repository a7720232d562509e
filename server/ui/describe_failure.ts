import type { Guardrail } from "../../shared/rest/guardrail.ts";
import { TargetSpecError } from "../../shared/targeting/target_spec_error.ts";
import { ApiError } from "../api/api_error.ts";
import { CursorError } from "../store/store_error.ts";

/** A refusal, for people. */
export interface Failure {
  readonly status: number;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly guardrail: Guardrail | undefined;
}

/** What a refusal says; `undefined` for whatever is no refusal and must be logged. */
export function describeFailure(error: unknown): Failure | undefined {
  if (error instanceof ApiError) {
    const { status, message, headers, guardrail } = error;
    return { status, message, headers, guardrail };
  }
  if (error instanceof CursorError || error instanceof TargetSpecError) {
    return { status: 400, message: error.message, headers: {}, guardrail: undefined };
  }
  return undefined;
}
