import type { FilecastService } from "../swarm/filecast_service.ts";
import type { SwarmOverview } from "../swarm/swarm_overview.ts";
import { newestFirst, paginate } from "./paginate.ts";
import { pathParameter, type RouteTable } from "./route.ts";
import { unwrap } from "./service_answer_error.ts";

type SwarmEndpoints =
  | "filecastBroken"
  | "filecastDistribute"
  | "filecastList"
  | "filecastPurge"
  | "filecastRevoke"
  | "filecastShow"
  | "swarmPeers"
  | "swarmStatus";

/** Looking at the swarm, and casting files to the fleet. The file itself streams through; its size is bounded by what was announced. */
export function swarmRoutes(
  { filecasts, overview }: {
    readonly filecasts: FilecastService;
    readonly overview: SwarmOverview;
  },
): RouteTable<SwarmEndpoints> {
  return {
    filecastBroken: ({ query }) => Promise.resolve(overview.broken(query.limit)),
    filecastDistribute: async ({ query, principal, request }) =>
      unwrap(await filecasts.distribute(query, request.body ?? emptyBody(), principal.name)),
    filecastList: ({ query }) => {
      const { page, nextCursor } = paginate(
        filecasts.list(Infinity).filecasts,
        ({ createdAtMs, sha256 }) => newestFirst(createdAtMs, sha256),
        query,
      );
      return Promise.resolve({ filecasts: page, nextCursor });
    },
    filecastPurge: ({ principal }) => filecasts.purge(principal.name),
    // An async function, so that an unknown SHA rejects.
    // deno-lint-ignore require-await
    filecastShow: async ({ params }) => unwrap(filecasts.show(pathParameter(params, "sha"))),
    filecastRevoke: async ({ params, principal }) =>
      unwrap(await filecasts.revoke(pathParameter(params, "sha"), principal.name)),
    swarmPeers: ({ query }) => Promise.resolve(overview.peers(query.sort, query.limit)),
    swarmStatus: () => Promise.resolve(overview.status()),
  };
}

/** An empty file is a file; HTTP has no body for it. */
function emptyBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}
