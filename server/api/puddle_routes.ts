import type { MeshPuddle } from "../../shared/rest/puddle.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import type { FleetDocuments } from "../documents/fleet_documents.ts";
import { readDelegations } from "../poolq/known_delegations.ts";
import type { TopicBook } from "../poolq/topic_book.ts";
import type { PuddleEvictions } from "../puddle/puddle_evictions.ts";
import { findPuddles, viewPuddles } from "../puddle/puddle_mesh.ts";
import { ApiError } from "./api_error.ts";
import { findEnvoy } from "./find_envoy.ts";
import { paginate } from "./paginate.ts";
import { pathParameter, type RouteTable } from "./route.ts";
import { unwrap } from "./service_answer_error.ts";

type PuddleEndpoints = "puddleEvict" | "puddleList" | "puddleShow";

export interface PuddleRoutesParts {
  readonly index: FleetIndex;
  readonly evictions: PuddleEvictions;
  /** Where delegations arrive. */
  readonly topics: Pick<TopicBook, "list">;
  readonly fleetDocuments: Pick<FleetDocuments, "refresh">;
}

/** Looking at puddles, and taking one from an envoy. */
export function puddleRoutes(
  { index, evictions, topics, fleetDocuments }: PuddleRoutesParts,
): RouteTable<PuddleEndpoints> {
  const list = async (): Promise<MeshPuddle[]> => {
    const envoys = [...index.states()].map(({ record, traits }) => ({
      uuid: record.uuid,
      hostname: record.hostname,
      trait: traits.merged()["puddle"],
    }));
    const delegations = (await topics.list()).flatMap(({ topic }) =>
      readDelegations(topic.delegations)
    );
    return viewPuddles(envoys, delegations, (evicted) => evictions.has(evicted));
  };
  const find = async (reference: string): Promise<MeshPuddle> => {
    const [puddle, another] = findPuddles(await list(), reference);
    if (another) {
      throw new ApiError(
        409,
        `${JSON.stringify(reference)} means several puddles: give more digits of its key`,
      );
    }
    if (puddle) return puddle;
    throw new ApiError(
      404,
      /^[0-9a-f]{1,7}$/.test(reference)
        ? `No puddle has the name ${
          JSON.stringify(reference)
        }; of a key give at least 8 digits, as vigocli swarm puddle list shows them`
        : `No puddle is ${JSON.stringify(reference)}: see vigocli swarm puddle list`,
    );
  };
  return {
    puddleList: async ({ query }) => {
      const { page, nextCursor } = paginate(await list(), ({ publicKey }) => publicKey, query);
      return { puddles: page, nextCursor };
    },
    puddleShow: async ({ params }) => await find(pathParameter(params, "puddle")),
    puddleEvict: async ({ params, body: { host, undo }, principal }) => {
      const reference = pathParameter(params, "puddle");
      // A whole key needs nobody to report it: it may be evicted before a machine that is away comes back.
      const publicKey = /^[0-9a-f]{64}$/.test(reference)
        ? reference
        : (await find(reference)).publicKey;
      const { record } = findEnvoy(index, host);
      const evicted = { publicKey, envoyUuid: record.uuid };
      const changed = undo
        ? await evictions.readmit(evicted, principal.name)
        : unwrap(await evictions.evict(evicted, principal.name));
      await fleetDocuments.refresh();
      return { publicKey, hostname: record.hostname, changed, evicted: !undo };
    },
  };
}
