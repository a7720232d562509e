import { Buffer } from "node:buffer";
import { z } from "zod";
import type { FilecastService } from "../swarm/filecast_service.ts";
import {
  brokenFilecastKey,
  brokenSeedKey,
  peerKey,
  type SwarmOverview,
} from "../swarm/swarm_overview.ts";
import { CursorError } from "../store/store_error.ts";
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
    // An async function, so that a cursor that cannot be read rejects.
    // deno-lint-ignore require-await
    filecastBroken: async ({ query: { limit, cursor } }) => {
      const broken = overview.broken(Infinity);
      const after = cursor === undefined ? {} : readTwoCursors(cursor);
      const seeds = paginate(broken.seeds, brokenSeedKey, { limit, cursor: after.seeds });
      const filecasts = paginate(broken.filecasts, brokenFilecastKey, {
        limit,
        cursor: after.filecasts,
      });
      const lastSeed = seeds.page.at(-1), lastCast = filecasts.page.at(-1);
      return {
        ...broken,
        seeds: seeds.page,
        filecasts: filecasts.page,
        nextCursor: seeds.nextCursor === null && filecasts.nextCursor === null
          ? null
          : writeTwoCursors({
            seeds: lastSeed ? brokenSeedKey(lastSeed) : after.seeds,
            filecasts: lastCast ? brokenFilecastKey(lastCast) : after.filecasts,
          }),
      };
    },
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
    swarmPeers: ({ query: { sort, limit, cursor } }) => {
      const all = overview.peers(sort, 0);
      const { page, nextCursor } = paginate(all.peers, peerKey(sort), {
        limit: limit === 0 ? Infinity : limit,
        cursor,
      });
      return Promise.resolve({ ...all, peers: page, nextCursor });
    },
    swarmStatus: () => Promise.resolve(overview.status()),
  };
}

/** How far each of two lists was read that are paged together. */
interface TwoCursors {
  readonly seeds?: string | undefined;
  readonly filecasts?: string | undefined;
}

const twoCursorsSchema = z.object({
  seeds: z.string().optional(),
  filecasts: z.string().optional(),
});

function writeTwoCursors(cursors: TwoCursors): string {
  return Buffer.from(JSON.stringify(cursors)).toString("base64url");
}

/** @throws {CursorError} if it is not one of {@linkcode writeTwoCursors}. */
function readTwoCursors(cursor: string): TwoCursors {
  try {
    return twoCursorsSchema.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
  } catch {
    throw new CursorError(cursor);
  }
}

/** An empty file is a file; HTTP has no body for it. */
function emptyBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}
