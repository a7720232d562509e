/** One chunk asked of one peer. */
export interface ChunkRequest {
  readonly id: number;
  readonly peer: string;
  readonly chunk: number;
  readonly timeoutMs: number;
}

/** How a request ended. */
export type RequestOutcome =
  /** The bytes came and match the digest. */
  | { readonly kind: "verified"; readonly elapsedMs: number }
  /** The bytes came and do not match. */
  | { readonly kind: "corrupt" }
  /** The peer does not hold this chunk. */
  | { readonly kind: "not_held" }
  /** The peer has just given it to somebody else, and has others that nobody has yet. */
  | { readonly kind: "given_before" }
  /** The peer is over a limit of its own. */
  | { readonly kind: "busy"; readonly retryAfterMs: number }
  | { readonly kind: "failed" }
  | { readonly kind: "timed_out"; readonly waitedMs: number };
