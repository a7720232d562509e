import type { Guardrail } from "../../shared/rest/guardrail.ts";

/** A refusal that the caller of an endpoint gets to read: a status and one line. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** Headers that belong to the status, such as `retry-after`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly guardrail: Guardrail | undefined;

  constructor(readonly status: ApiStatus, message: string, options: ApiErrorOptions = {}) {
    super(message, options);
    this.headers = options.headers ?? {};
    this.guardrail = options.guardrail;
  }
}

export interface ApiErrorOptions extends ErrorOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Which guardrail refuses, with 423. */
  readonly guardrail?: Guardrail;
}

/** The statuses that handlers refuse with. */
export type ApiStatus =
  | 400
  | 401
  | 403
  | 404
  | 405
  | 409
  | 410
  | 413
  | 415
  | 422
  | 423
  | 429
  | 503
  | 507;

/** The header that says when to try again, in whole seconds, at least one (RFC 9110, 10.2.3). */
export function retryAfter(waitMs: number): Readonly<Record<string, string>> {
  return { "retry-after": String(Math.max(1, Math.ceil(waitMs / 1000))) };
}
