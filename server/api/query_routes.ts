import { parseTargetSpec } from "../../shared/targeting/target_spec.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import { explainQuery, valuesOf } from "../query/explain_query.ts";
import { runInSlices } from "../steps/run_in_slices.ts";
import type { RouteTable } from "./route.ts";

/** Questions about traits, in the language of target specs. */
export function queryRoutes({ index }: { readonly index: FleetIndex }): RouteTable<"envoyQuery"> {
  return {
    envoyQuery: async ({ query: { target, limit, cursor } }) => {
      const spec = parseTargetSpec(target);
      const matched = await runInSlices(index.target(spec));
      const rest = matched.map(({ subject, record }) => ({
        subject,
        place: `${record.hostname} ${record.uuid}`,
      })).filter(({ place }) => cursor === undefined || place > cursor);
      const page = rest.slice(0, limit);
      const everyone = [...index.states()];
      return {
        matched: matched.length,
        total: everyone.length,
        envoys: page.map(({ subject }) => ({
          uuid: subject.uuid,
          hostname: subject.hostname,
          values: valuesOf(spec, subject),
        })),
        nextCursor: rest.length > page.length ? page.at(-1)?.place ?? null : null,
        // Only whoever finds nothing asks why.
        terms: matched.length === 0
          ? explainQuery(spec, everyone.map(({ subject }) => subject))
          : [],
      };
    },
  };
}
