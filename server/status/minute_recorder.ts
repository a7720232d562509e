import type { Minute } from "../../shared/rest/fleet.ts";
import type { FleetCounts } from "../fleet/fleet_index.ts";
import type { MinuteRepository } from "../store/store.ts";
import { NO_BYTES, type SourceBytes } from "../swarm/swarm_meter.ts";

const MINUTE_MS = 60_000;

export interface MinuteSources {
  readonly minutes: Pick<MinuteRepository, "add">;
  readonly now: () => number;
  /** Check-ins since the start, however they ended. */
  readonly checkIns: () => number;
  /** Envoys by what is true of them now. */
  readonly fleet: () => FleetCounts;
}

/** Adds up what the fleet does in a minute, and writes it when the minute is over. */
export class MinuteRecorder {
  readonly #sources: MinuteSources;
  #minuteMs: number;
  #checkInsBefore: number;
  #runs = 0;
  #bytes: SourceBytes = NO_BYTES;

  constructor(sources: MinuteSources) {
    this.#sources = sources;
    this.#minuteMs = minuteOf(sources.now());
    this.#checkInsBefore = sources.checkIns();
  }

  noteRun(): void {
    this.#runs += 1;
  }

  noteBytes({ origin, peer, server }: SourceBytes): void {
    this.#bytes = {
      origin: this.#bytes.origin + origin,
      peer: this.#bytes.peer + peer,
      server: this.#bytes.server + server,
    };
  }

  /** Writes the minute if another has begun. Called often enough that none is left out while the server runs. */
  async tick(): Promise<void> {
    if (minuteOf(this.#sources.now()) !== this.#minuteMs) await this.flush();
  }

  /** Writes what there is of the minute; more of it can follow. */
  async flush(): Promise<void> {
    const { minutes, now, checkIns, fleet } = this.#sources;
    const checkInsNow = checkIns();
    const { online, Converged, Degraded, Failed, NoData } = fleet();
    const row: Minute = {
      minuteMs: this.#minuteMs,
      checkIns: checkInsNow - this.#checkInsBefore,
      runs: this.#runs,
      online,
      converged: Converged,
      degraded: Degraded,
      failed: Failed,
      noData: NoData,
      originBytes: this.#bytes.origin,
      peerBytes: this.#bytes.peer,
      serverBytes: this.#bytes.server,
    };
    this.#checkInsBefore = checkInsNow;
    this.#runs = 0;
    this.#bytes = NO_BYTES;
    this.#minuteMs = minuteOf(now());
    await minutes.add(row);
  }
}

function minuteOf(ms: number): number {
  return Math.floor(ms / MINUTE_MS) * MINUTE_MS;
}
