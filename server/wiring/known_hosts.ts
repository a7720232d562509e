import type { FleetIndex } from "../fleet/fleet_index.ts";
import type { HostPolicy } from "../publish/config_views.ts";
import type { HostFacts } from "../resolve/compile_host.ts";

/** Every active envoy as stacks are compiled for it. Its traits are put together when they are read. */
export function* knownHosts(index: FleetIndex): Generator<HostFacts, undefined> {
  for (const { record, traits } of index.states()) {
    yield {
      hostname: record.hostname,
      get traits() {
        return traits.merged();
      },
    };
  }
}

/** How far every active envoy has come with the live version. */
export function* hostPolicies(
  index: FleetIndex,
  liveVersion: string | undefined,
): Generator<HostPolicy, undefined> {
  for (const state of index.states()) {
    yield {
      hostname: state.record.hostname,
      state: state.policyState(liveVersion),
      heldVersion: state.reported?.policyVersion ?? "",
      problem: state.policyProblem,
    };
  }
}
