import { BLOCKED } from "../../shared/poolq/chain.ts";
import { MAX_RANGE_BYTES } from "../../shared/poolq/limits.ts";
import { messageSchema } from "../../shared/poolq/message.ts";
import type { QueueTopic } from "../../shared/rest/poolq.ts";
import type { FleetDocuments } from "../documents/fleet_documents.ts";
import { readDelegations } from "../poolq/known_delegations.ts";
import type { QueueBlocks } from "../poolq/queue_blocks.ts";
import type { QueueMesh } from "../poolq/queue_mesh.ts";
import type { QueueSettings } from "../poolq/queue_settings.ts";
import type { VisibleTopic } from "../poolq/topic_book.ts";
import type { Store } from "../store/store.ts";
import { ApiError } from "./api_error.ts";
import { paginate } from "./paginate.ts";
import { pathParameter, type RouteTable } from "./route.ts";
import { unwrap } from "./service_answer_error.ts";

type QueueEndpoints =
  | "poolqBlock"
  | "poolqHead"
  | "poolqRange"
  | "poolqStatus"
  | "poolqTopics"
  | "poolqUnblock";

/** An id may be shortened to so many digits, as long as it is the only one that begins so. */
const TOPIC_PREFIX = /^[0-9a-f]{8,64}$/;

export interface QueueRoutesParts {
  readonly queues: QueueMesh;
  readonly blocks: QueueBlocks;
  readonly settings: QueueSettings;
  readonly store: Pick<Store, "queues">;
  readonly fleetDocuments: Pick<FleetDocuments, "refresh">;
  /** Envoys that carry queues now. */
  readonly countEnvoys: () => number;
}

/** Reading queues, and what an administrator may do about them. */
export function queueRoutes(
  { queues, blocks, settings, store, fleetDocuments, countEnvoys }: QueueRoutesParts,
): RouteTable<QueueEndpoints> {
  const describe = ({ topic, headSeq, headId, count }: VisibleTopic): QueueTopic => ({
    topicId: topic.topicId,
    name: topic.name,
    founder: topic.founder,
    writer: topic.writer,
    appointment: topic.appointment,
    user: topic.user,
    firstSeq: topic.firstSeq,
    headSeq,
    headId,
    count,
    blocked: queues.isBlocked(topic),
    equivocation: topic.equivocation && {
      seq: topic.equivocation.seq,
      author: topic.equivocation.author,
      ids: [...topic.equivocation.ids],
    },
    receivedAtMs: topic.receivedAtMs,
    sizeBytes: topic.sizeBytes,
  });
  const find = async (params: Readonly<Record<string, string>>): Promise<VisibleTopic> => {
    const id = pathParameter(params, "id");
    if (!TOPIC_PREFIX.test(id)) {
      throw new ApiError(
        404,
        `No topic has the id ${
          JSON.stringify(id)
        }: give at least 8 of its digits, as vigocli swarm poolq list shows them`,
      );
    }
    const [found, another] = queues.topics.idsFrom(id, 2);
    if (another !== undefined) {
      throw new ApiError(409, `Several topics begin with ${id}: give more digits`);
    }
    const visible = found === undefined ? undefined : await queues.topics.find(found);
    if (visible) return visible;
    throw new ApiError(
      404,
      `No topic has the id ${JSON.stringify(id)}: see vigocli swarm poolq list`,
    );
  };
  return {
    poolqStatus: async () => {
      const topics = await queues.topics.list();
      const { messages, bytes } = await store.queues.totals();
      return {
        topics: topics.length,
        messages,
        sizeBytes: bytes,
        held: await queues.topics.countHeld(),
        equivocations: topics.filter(({ topic }) => topic.equivocation !== null).length,
        maxMsgBytes: settings.maxMsgBytes,
        retentionSecs: Math.ceil(settings.retentionMs / 1000),
        envoys: countEnvoys(),
        blocks: [...blocks.list()],
      };
    },
    poolqTopics: async ({ query }) => {
      const all = (await queues.topics.list()).map(describe);
      const { page, nextCursor } = paginate(all, ({ topicId }) => topicId, query);
      return { topics: page, nextCursor };
    },
    poolqHead: async ({ params }) => describe(await find(params)),
    poolqRange: async ({ params, query: { from, limit }, principal }) => {
      const visible = await find(params);
      const { topic, headSeq } = visible;
      // A person who looks after the fleet may look at what the fleet may not.
      if (principal.kind === "envoy" && queues.isBlocked(topic)) throw new ApiError(403, BLOCKED);
      const messages = await store.queues.range(topic.topicId, {
        fromSeq: from,
        toSeq: headSeq,
        limit,
        maxBytes: MAX_RANGE_BYTES,
      });
      return {
        ...describe(visible),
        messages: messages.map(({ text }) => messageSchema.parse(JSON.parse(text))),
        delegations: readDelegations(topic.delegations),
      };
    },
    poolqBlock: async ({ body: { kind, value, reason }, principal }) => {
      const changed = unwrap(await blocks.block({ kind, value, reason }, principal.name));
      await fleetDocuments.refresh();
      return { kind, value, changed };
    },
    poolqUnblock: async ({ body: { kind, value }, principal }) => {
      const changed = await blocks.unblock({ kind, value }, principal.name);
      await fleetDocuments.refresh();
      return { kind, value, changed };
    },
  };
}
