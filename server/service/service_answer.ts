/** Why a request was turned down: the HTTP status that says it, and one line that names the value and the way out. */
export interface Refused {
  readonly ok: false;
  readonly status: 400 | 401 | 403 | 404 | 409 | 413 | 423 | 429 | 503 | 507;
  readonly message: string;
  /** When it is worth trying again, in ms from now, where that is known. */
  readonly retryAfterMs?: number;
}

/** What a service method comes to: the answer of the contract, or an expected refusal. Anything else is thrown. */
export type ServiceAnswer<T> = { readonly ok: true; readonly value: T } | Refused;

export function answered<T>(value: T): ServiceAnswer<T> {
  return { ok: true, value };
}

export function refused(
  status: Refused["status"],
  message: string,
  retryAfterMs?: number,
): Refused {
  return { ok: false, status, message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
