import type { EnvoyState } from "../fleet/envoy_state.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import { suggestHost } from "../fleet/suggest_host.ts";
import { ApiError } from "./api_error.ts";

/**
 * The envoy that a caller names by hostname or UUID.
 *
 * @throws {ApiError} 404 if there is none.
 */
export function findEnvoy(index: FleetIndex, host: string): EnvoyState {
  const state = index.find(host);
  if (!state) {
    const hint = suggestHost(host, index) || ": give an enrolled hostname or a UUID";
    throw new ApiError(404, `No envoy is called ${JSON.stringify(host)}${hint}`);
  }
  return state;
}
