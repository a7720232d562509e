import { MAX_MINUTES } from "../../shared/rest/fleet.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import { fleetAtAGlance } from "../status/fleet_at_a_glance.ts";
import type { MinuteRepository } from "../store/store.ts";
import type { RouteTable } from "./route.ts";

const MINUTE_MS = 60_000;

/** What the fleet does as a whole. */
export function fleetRoutes(
  { index, minutes, now }: {
    readonly index: FleetIndex;
    readonly minutes: Pick<MinuteRepository, "list">;
    readonly now: () => number;
  },
): RouteTable<"fleetMinutes" | "fleetStatus"> {
  /** The minute that this moment lies in is the last of a day. */
  const oldestMs = () => (Math.floor(now() / MINUTE_MS) - MAX_MINUTES + 1) * MINUTE_MS;
  return {
    fleetMinutes: async ({ query }) => {
      const since = Math.max(query.since ?? 0, oldestMs());
      return { minutes: await minutes.list(since, MAX_MINUTES) };
    },
    fleetStatus: async () => {
      const day = await minutes.list(oldestMs(), MAX_MINUTES);
      return fleetAtAGlance(glanced(index), day, now());
    },
  };
}

function* glanced(index: FleetIndex) {
  for (const state of index.states()) {
    yield {
      summary: index.summarize(state),
      certificateExpiresAtMs: state.certificateNotAfterMs ?? null,
    };
  }
}
