const KIB = 1024;
const MIB = 1024 * KIB;

/** Something that goes wrong while a blob spreads. */
export type FanoutStory =
  /** One more envoy comes when the others hold nine tenths. */
  | "late_joiner"
  /** The origin is killed when the others hold a half; it is back after {@linkcode SEEDER_AWAY_MS}. */
  | "seeder_killed"
  /** One receiver sends wrong bytes in one of twenty chunks. */
  | "corrupting_peer"
  /** One receiver has a link of one megabit a second; its own completion is not waited for. */
  | "slow_peer";

/** How long a killed seeder is away, in ms. */
export const SEEDER_AWAY_MS = 5_000;

/** One row of the benchmark: what spreads to how many. */
export interface FanoutCase {
  readonly name: string;
  /** Envoys that want it, beside the origin. */
  readonly receivers: number;
  readonly files: number;
  readonly fileBytes: number;
  readonly story?: FanoutStory;
  /** Whether rivals spread the same content after it, on the same bridge. */
  readonly withRivals?: boolean;
}

export const FANOUT_CASES: readonly FanoutCase[] = [
  { name: "256MiB_to_8", receivers: 8, files: 1, fileBytes: 256 * MIB, withRivals: true },
  { name: "64MiB_to_4", receivers: 4, files: 1, fileBytes: 64 * MIB },
  { name: "16MiB_to_32", receivers: 32, files: 1, fileBytes: 16 * MIB },
  { name: "1000x64KiB_to_4", receivers: 4, files: 1_000, fileBytes: 64 * KIB },
  ...(["late_joiner", "seeder_killed", "corrupting_peer", "slow_peer"] as const).map((story) => ({
    name: `128MiB_to_8_${story}`,
    receivers: 8,
    files: 1,
    fileBytes: 128 * MIB,
    story,
  })),
];
