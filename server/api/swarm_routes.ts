import type { FilecastService } from "../swarm/filecast_service.ts";
import { pathParameter, type RouteTable } from "./route.ts";
import { unwrap } from "./service_answer_error.ts";

type SwarmEndpoints = "filecastDistribute" | "filecastList" | "filecastShow" | "filecastRevoke";

/** Casting files to the fleet. The file itself streams through; its size is bounded by what was announced. */
export function swarmRoutes(filecasts: FilecastService): RouteTable<SwarmEndpoints> {
  return {
    filecastDistribute: async ({ query, principal, request }) =>
      unwrap(await filecasts.distribute(query, request.body ?? emptyBody(), principal.name)),
    filecastList: ({ query }) => Promise.resolve(filecasts.list(query.limit)),
    // An async function, so that an unknown SHA rejects.
    // deno-lint-ignore require-await
    filecastShow: async ({ params }) => unwrap(filecasts.show(pathParameter(params, "sha"))),
    filecastRevoke: async ({ params, principal }) =>
      unwrap(await filecasts.revoke(pathParameter(params, "sha"), principal.name)),
  };
}

/** An empty file is a file; HTTP has no body for it. */
function emptyBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}
