import type { Json } from "../../shared/canonical/canonical_json.ts";
import { readKnownPuddles } from "../puddle_mesh/puddle_watch.ts";
import type { Collector } from "./collector.ts";

/** Users that are named. */
const MAX_USERS = 200;
/** Most of all delegations, in characters of JSON, since there are other traits. */
const MAX_DELEGATIONS_LENGTH = 16_384;

/**
 * The puddles of this machine's users, by user: what the daemon saw in their homes, public all of it.
 *
 * @param path `puddles.json`.
 */
export function puddleCollector(path: string): Collector {
  return {
    name: "puddle",
    kind: "stable",
    collect: async (): Promise<Json> => {
      const known = Object.entries(await readKnownPuddles(path)).sort();
      let left = MAX_DELEGATIONS_LENGTH;
      return Object.fromEntries(
        known.slice(0, MAX_USERS).map(([user, facts]): [string, Json] => [
          user,
          {
            pubkey: facts.publicKey,
            initialised: facts.publicKey !== null,
            unlocked: facts.unlocked,
            pair_pending: facts.pairPendingUntilMs !== null,
            name_claim: facts.name,
            retired_keys: facts.retired,
            delegations: facts.delegations.filter((one) => {
              left -= JSON.stringify(one).length;
              return left >= 0;
            }),
          },
        ]),
      );
    },
  };
}
