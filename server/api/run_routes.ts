import { z } from "zod";
import type { FleetIndex } from "../checkin/fleet_index.ts";
import type { RunRepository } from "../store/store.ts";
import { ApiError } from "./api_error.ts";
import { findEnvoy } from "./find_envoy.ts";
import { pathParameter, type RouteTable } from "./route.ts";

export interface RunDependencies {
  readonly runs: RunRepository;
  readonly index: FleetIndex;
}

/** Views of what runs came to. */
export function runRoutes({ runs, index }: RunDependencies): RouteTable<"runList" | "runShow"> {
  return {
    runList: async ({ query: { host, failed, limit, cursor } }) =>
      await runs.list({
        limit,
        ...(host === undefined ? {} : { envoyUuid: findEnvoy(index, host).record.uuid }),
        ...(failed === undefined ? {} : { failed }),
        ...(cursor === undefined ? {} : { cursor }),
      }),
    runShow: async ({ params }) => {
      const id = z.uuid().safeParse(pathParameter(params, "id"));
      const found = id.success ? await runs.find(id.data) : undefined;
      if (!found) throw new ApiError(404, `No run has the id ${JSON.stringify(params["id"])}`);
      return { ...found.summary, report: found.report };
    },
  };
}
