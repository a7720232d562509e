import { suggestName } from "../../shared/naming/nearest_name.ts";
import type { FleetIndex } from "./fleet_index.ts";

/** ` Did you mean "web-1"?` of the envoys that are there, or nothing: the end of a message about an unknown host. */
export function suggestHost(host: string, index: Pick<FleetIndex, "states">): string {
  return suggestName(host, hostnamesOf(index));
}

function* hostnamesOf(index: Pick<FleetIndex, "states">): Generator<string> {
  for (const { record } of index.states()) yield record.hostname;
}
