/** A refusal that the caller of an endpoint gets to read: a status and one line. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** Headers that belong to the status, such as `retry-after`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(readonly status: ApiStatus, message: string, options: ApiErrorOptions = {}) {
    super(message, options);
    this.headers = options.headers ?? {};
  }
}

export interface ApiErrorOptions extends ErrorOptions {
  readonly headers?: Readonly<Record<string, string>>;
}

/** The statuses that handlers refuse with. */
export type ApiStatus = 400 | 401 | 403 | 404 | 409 | 410 | 413 | 415 | 422 | 423 | 429 | 503 | 507;

/** 429 with the time after which to try again, in whole seconds, at least one (RFC 9110, 10.2.3). */
export function tooManyRequests(what: string, waitMs: number): ApiError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new ApiError(429, `${what}; try again in ${seconds} s`, {
    headers: { "retry-after": String(seconds) },
  });
}
