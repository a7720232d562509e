import type { MetricSources } from "../api/metrics.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";

/** Envoys by what they are now. */
export function fleetCounts(index: FleetIndex, nowMs: number): ReturnType<MetricSources["fleet"]> {
  let active = 0, online = 0, suspectedClones = 0;
  for (const state of index.states()) {
    active += 1;
    if (state.isOnline(nowMs)) online += 1;
    if (state.record.suspectedClone) suspectedClones += 1;
  }
  return { active, online, suspectedClones };
}

/** Size of a database with its write-ahead log. */
export function databaseBytes(path: string): number {
  return [path, `${path}-wal`].reduce((sum, file) => sum + sizeOf(file), 0);
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    // The log is only there between a write and a checkpoint.
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
