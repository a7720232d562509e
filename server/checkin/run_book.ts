import type { RunReport } from "../../shared/config/run_report.ts";
import type { RunHeartbeat } from "../../shared/proto/agent.ts";
import { type LastRun, takeHeartbeat, takeReport } from "../fleet/last_run.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";

/** The last run of an envoy, apart from whatever else was observed. */
export function lastRunOf({ lastRun }: EnvoyState): LastRun {
  const { convergence, runSerial, runRoot, runFinishedAtMs, changeStreak } = lastRun;
  return { convergence, runSerial, runRoot, runFinishedAtMs, changeStreak };
}

export interface RunBookOptions {
  /** Told that something of an envoy is to be written. */
  readonly onObserved: (state: EnvoyState) => void;
  /** Told of a run that was not known before. */
  readonly onRun: (state: EnvoyState) => void;
}

/** Keeps in memory what each envoy's last run was, however it is told: with a check-in, down the stream, by a report. */
export class RunBook {
  readonly #options: RunBookOptions;

  constructor(options: RunBookOptions) {
    this.#options = options;
  }

  noteHeartbeat(state: EnvoyState, heartbeat: RunHeartbeat): void {
    this.#note(state, takeHeartbeat(heartbeat, state.reported?.fingerprint ?? ""));
  }

  noteReport(state: EnvoyState, report: RunReport): void {
    this.#note(state, takeReport(lastRunOf(state), report));
  }

  #note(state: EnvoyState, run: LastRun): void {
    const { reported } = state;
    // A run is only ever told by an envoy that has checked in.
    if (reported === undefined) return;
    const isNew = run.runSerial !== reported.runSerial;
    Object.assign(reported, run);
    this.#options.onObserved(state);
    if (isNew) this.#options.onRun(state);
  }
}
