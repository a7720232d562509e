/** Fetches files from the web. */
export interface Downloads {
  /**
   * The bytes behind an http(s) address as they arrive; redirections are followed.
   *
   * @throws {BlockedError} if it cannot be had, also while it arrives: the network or the other end is at fault.
   */
  open(url: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
}
