/** What bounds one download. Times are in ms. */
export interface SchedulerLimits {
  /** Peers with requests in flight at once. */
  readonly maxPeers: number;
  readonly maxInFlightPerPeer: number;
  readonly maxInFlight: number;
  /** Copies of one chunk under way during the endgame. */
  readonly maxCopies: number;
  /** How long a peer that sent wrong bytes is left alone. */
  readonly benchMs: number;
  readonly firstBackOffMs: number;
  readonly maxBackOffMs: number;
  readonly minTimeoutMs: number;
  readonly maxTimeoutMs: number;
  /** Without a new chunk for this long the download gives up, to be tried again later. */
  readonly noProgressMs: number;
}

/** How long a peer that sent wrong bytes is left alone, in ms. */
export const BENCH_MS = 10 * 60_000;

/**
 * Bytes under way in one download: with 1 MiB chunks this is 8 requests, and it bounds memory for larger ones. More were
 * measured to make nothing faster and every agent larger.
 */
const MAX_IN_FLIGHT_BYTES = 8 * 1024 * 1024;

/** The limits for chunks of a given size. */
export function schedulerLimits(chunkSizeBytes: number): SchedulerLimits {
  return {
    maxPeers: 8,
    maxInFlightPerPeer: 4,
    maxInFlight: Math.max(1, Math.min(32, Math.floor(MAX_IN_FLIGHT_BYTES / chunkSizeBytes))),
    maxCopies: 2,
    benchMs: BENCH_MS,
    firstBackOffMs: 250,
    maxBackOffMs: 30_000,
    // A loaded peer may well pause this long; shorter timeouts would fetch the same chunk twice.
    minTimeoutMs: 5_000,
    maxTimeoutMs: 120_000,
    noProgressMs: 30_000,
  };
}
