/** A refusal that the caller of an endpoint gets to read: a status and one line. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(readonly status: ApiStatus, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The statuses that handlers refuse with. */
export type ApiStatus = 400 | 401 | 403 | 404 | 409 | 410 | 413 | 415 | 422 | 423 | 429 | 503 | 507;
