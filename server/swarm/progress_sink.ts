import type { SwarmProgress } from "../../shared/proto/agent.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";

/** Takes what envoys say of the blobs that they fetch, hold or seed. */
export interface ProgressSink {
  receive(progress: SwarmProgress, from: EnvoyState): void;
}
