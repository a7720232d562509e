import { MAX_MINUTES } from "../../shared/rest/fleet.ts";
import type { MinuteRepository } from "../store/store.ts";
import type { RouteTable } from "./route.ts";

const MINUTE_MS = 60_000;

/** What the fleet does as a whole. */
export function fleetRoutes(
  { minutes, now }: {
    readonly minutes: Pick<MinuteRepository, "list">;
    readonly now: () => number;
  },
): RouteTable<"fleetMinutes"> {
  return {
    fleetMinutes: async ({ query }) => {
      // The minute that this moment lies in is the last of them.
      const oldestMs = (Math.floor(now() / MINUTE_MS) - MAX_MINUTES + 1) * MINUTE_MS;
      const since = Math.max(query.since ?? 0, oldestMs);
      return { minutes: await minutes.list(since, MAX_MINUTES) };
    },
  };
}
