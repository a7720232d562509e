import { parseTargetSpec } from "../../shared/targeting/target_spec.ts";
import type { EnvoyAdmin } from "../fleet/envoy_admin.ts";
import type { EnvoyEditor } from "../fleet/envoy_editor.ts";
import { readEnvoyOrder } from "../fleet/envoy_order.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import type { PushTracker } from "../fleet/push_tracker.ts";
import { checkPermission } from "../auth/permissions.ts";
import { ApiError } from "./api_error.ts";
import { findEnvoy } from "./find_envoy.ts";
import { paginate } from "./paginate.ts";
import { pathParameter, type RouteTable } from "./route.ts";
import { unwrap } from "./service_answer_error.ts";

export interface EnvoyDependencies {
  readonly index: FleetIndex;
  readonly admin: EnvoyAdmin;
  readonly editor: EnvoyEditor;
  readonly pushes: Pick<PushTracker, "show">;
}

type EnvoyEndpoints =
  | "envoyList"
  | "envoyShow"
  | "envoyRevoke"
  | "envoyAccept"
  | "envoyPush"
  | "envoyPushShow"
  | "envoyTag"
  | "envoyRename"
  | "envoyRemove";

/** Views of the fleet, from memory, and what people do to single envoys. */
export function envoyRoutes(
  { index, admin, editor, pushes }: EnvoyDependencies,
): RouteTable<EnvoyEndpoints> {
  return {
    // An async function, so that a target that cannot be read rejects.
    // deno-lint-ignore require-await
    envoyList: async ({ query: { target, all, sort, limit, cursor }, principal }) => {
      if (target !== undefined) {
        // A target asks for traits and tags, and whoever may not read them must not guess them either.
        const verdict = checkPermission(principal, "fleet.read");
        if (!verdict.ok) throw new ApiError(verdict.status, verdict.reason);
      }
      return index.list({
        limit,
        order: readEnvoyOrder(sort),
        ...(target === undefined ? {} : { target: parseTargetSpec(target) }),
        ...(all === undefined ? {} : { all }),
        ...(cursor === undefined ? {} : { cursor }),
      });
    },
    // deno-lint-ignore require-await -- as above, for a host that nobody knows
    envoyShow: async ({ params }) => index.detail(findEnvoy(index, pathParameter(params, "host"))),
    envoyRevoke: async ({ params, body, principal }) =>
      unwrap(await admin.revoke(pathParameter(params, "host"), body.reason, principal.name)),
    envoyAccept: async ({ params, principal }) =>
      unwrap(await admin.accept(pathParameter(params, "host"), principal.name)),
    envoyPush: async ({ body, principal }) => unwrap(await admin.push(body, principal.name)),
    // deno-lint-ignore require-await -- as above, for a push that nobody remembers
    envoyPushShow: async ({ params, query }) => {
      const hosts = pushes.show(pathParameter(params, "id"));
      if (hosts) {
        const { page, nextCursor } = paginate(hosts, ({ hostname }) => hostname, query);
        return { hosts: page, nextCursor };
      }
      throw new ApiError(404, `No push has the id ${JSON.stringify(params["id"])} any more`);
    },
    envoyTag: async ({ params, body, principal }) =>
      unwrap(await editor.tag(pathParameter(params, "host"), body, principal.name)),
    envoyRename: async ({ params, body, principal }) =>
      unwrap(await editor.rename(pathParameter(params, "host"), body.hostname, principal.name)),
    envoyRemove: async ({ params, principal }) =>
      unwrap(await editor.remove(pathParameter(params, "host"), principal.name)),
  };
}
