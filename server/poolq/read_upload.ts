import type { QueueOffer, UploadQueuesRequest } from "../../shared/proto/agent.ts";

/** Most topics in one request, and delegations. */
const MAX_OFFERS = 256;
const MAX_DELEGATIONS = 64;
/** Most messages in one request; its bytes are bounded by what gRPC takes. */
const MAX_OFFERED_MESSAGES = 1_000;

/** Which limit a request breaks; `undefined` if none. */
export function judgeLimits({ topics, delegations }: UploadQueuesRequest): string | undefined {
  if (topics.length > MAX_OFFERS) return `${topics.length} topics, at most ${MAX_OFFERS} are taken`;
  if (delegations.length > MAX_DELEGATIONS) {
    return `${delegations.length} delegations, at most ${MAX_DELEGATIONS} are taken`;
  }
  const messages = topics.reduce((sum, offer) => sum + offer.messages.length, 0);
  if (messages > MAX_OFFERED_MESSAGES) {
    return `${messages} messages, at most ${MAX_OFFERED_MESSAGES} are taken`;
  }
  const ids = new Set<string>();
  for (const { topicId, user } of topics) {
    if (topicId.length !== 32) return "a topic's id has 32 bytes";
    if (user.length > 64) return "a name is too long";
    ids.add(topicId.toString("hex"));
  }
  return ids.size === topics.length ? undefined : "a topic is offered twice";
}

/** What the first message says of itself: what it is judged by, not what is believed. */
export function founderOf({ messages: [first] }: QueueOffer): string | undefined {
  const founder = Object(parseJson(first))["founder_pubkey"];
  return typeof founder === "string" ? founder : undefined;
}

/** The place that a message says it has. */
export function seqOf(bytes: Uint8Array): number | undefined {
  const seq = Object(parseJson(bytes))["seq"];
  return typeof seq === "number" ? seq : undefined;
}

function parseJson(bytes: Uint8Array | undefined): unknown {
  try {
    return bytes && JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
