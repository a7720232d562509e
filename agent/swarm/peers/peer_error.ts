/** Why a peer gave no usable answer. `status` is absent if it did not answer at all. */
export class PeerError extends Error {
  override readonly name: string = "PeerError";
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, status?: number, retryAfterMs?: number) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A peer refuses a chunk because it has just given it to somebody else, and has others that nobody has yet. */
export class GivenBeforeError extends PeerError {
  override readonly name = "GivenBeforeError";

  /** @param given bits of the chunks that it has given to anybody. */
  constructor(message: string, readonly given: Uint8Array) {
    super(message, 503);
  }
}

/** A failure of the connection to `where` in words that say whose certificate is to be renewed, if it is that. */
export function asPeerError(where: string, error: Error & { code?: string }): PeerError {
  if (error instanceof PeerError) return error;
  if (/InvalidPurpose|UNABLE_TO_VERIFY_LEAF_SIGNATURE/.test(`${error.code} ${error.message}`)) {
    return new PeerError(
      `Cannot speak to peer at ${where}: its certificate is of another CA or does not allow extended key usage for server authentication; re-enrol that envoy if it is of this fleet`,
    );
  }
  return new PeerError(`Cannot speak to peer at ${where}: ${error.message}`);
}

/** A peer's answer of another status than 200, with what its `retry-after` says, if it says seconds. */
export function asRefusal(
  hostname: string,
  path: string,
  status: number | undefined,
  retryAfter: string | undefined,
): PeerError {
  const seconds = Number(retryAfter);
  return new PeerError(
    `Peer ${hostname} answered ${path} with status ${status}`,
    status,
    Number.isFinite(seconds) ? seconds * 1000 : undefined,
  );
}
