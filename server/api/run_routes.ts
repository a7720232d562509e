import { z } from "zod";
import { parseTargetSpec } from "../../shared/targeting/target_spec.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import { runInSlices } from "../steps/run_in_slices.ts";
import type { RunRepository, StoredBundle, StoredRun } from "../store/store.ts";
import { ApiError } from "./api_error.ts";
import { findEnvoy } from "./find_envoy.ts";
import { pathParameter, type RouteTable } from "./route.ts";

export interface RunDependencies {
  readonly runs: RunRepository;
  readonly bundles: { find(root: string): Promise<StoredBundle | undefined> };
  readonly index: FleetIndex;
}

/** Views of what runs came to. */
export function runRoutes(
  { runs, bundles, index }: RunDependencies,
): RouteTable<"runList" | "runShow" | "runGraph"> {
  const find = async (params: Readonly<Record<string, string>>): Promise<StoredRun> => {
    const id = z.uuid().safeParse(pathParameter(params, "id"));
    const found = id.success ? await runs.find(id.data) : undefined;
    if (!found) throw new ApiError(404, `No run has the id ${JSON.stringify(params["id"])}`);
    return found;
  };
  return {
    runList: async ({ query: { host, target, status, since, limit, cursor } }) => {
      const envoyUuids = await chosen(index, host, target);
      return await runs.list({
        limit,
        ...(envoyUuids === undefined ? {} : { envoyUuids }),
        ...(status === undefined ? {} : { outcomes: new Set(status) }),
        ...(since === undefined ? {} : { sinceMs: since }),
        ...(cursor === undefined ? {} : { cursor }),
      });
    },
    runShow: async ({ params }) => {
      const { summary, report } = await find(params);
      return { ...summary, report };
    },
    runGraph: async ({ params }) => {
      const { summary: { runId }, report } = await find(params);
      const bundle = await bundles.find(report.root);
      if (!bundle) {
        throw new ApiError(
          404,
          `The policy of run ${runId} is not kept: its root is ${report.root}`,
        );
      }
      const told = new Map(report.resources.map((resource) => [resource.id, resource]));
      return {
        root: bundle.root,
        policyVersion: bundle.policyVersion,
        resources: bundle.resources.map(({ id, type, crate, source, dependsOn, notify }) => ({
          id,
          type,
          crate,
          source,
          dependsOn: [...dependsOn],
          notify: [...notify],
          outcome: told.get(id)?.outcome ?? "none",
          cause: told.get(id)?.cause ?? null,
        })),
      };
    },
  };
}

/** The envoys of both filters; `undefined` without any. A revoked one is named by its UUID. */
async function chosen(
  index: FleetIndex,
  host: string | undefined,
  target: string | undefined,
): Promise<ReadonlySet<string> | undefined> {
  const named = host === undefined ? undefined : findEnvoy(index, host).record.uuid;
  if (target === undefined) return named === undefined ? undefined : new Set([named]);
  const matched = await runInSlices(index.target(parseTargetSpec(target)));
  const hit = matched.map(({ record }) => record.uuid);
  return new Set(hit.filter((uuid) => named === undefined || uuid === named));
}
