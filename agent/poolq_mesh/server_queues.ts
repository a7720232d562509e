import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import { MAX_RANGE_BYTES } from "../../shared/poolq/limits.ts";
import { poolqHead, poolqRange, poolqTopics } from "../../shared/rest/poolq.ts";
import { callRest, RestError } from "../enroll/rest_client.ts";
import type { QueueHead, QueueQuestion, QueueRange } from "./queue_answer.ts";

/** Pages of the list of topics that are read: as many topics as a fleet may have. */
const MAX_PAGES = 20;
const TOPICS_PER_PAGE = 1_000;
/** Largest answer, in bytes. */
const MAX_ANSWER_BYTES = 2 * MAX_RANGE_BYTES;
/** Whoever waits is a person. */
const TIMEOUT_MS = 10_000;

export interface ServerQueuesOptions {
  /** `https://host:port`. */
  readonly rest: string;
  readonly ca: string;
  identity(): TlsIdentity;
}

/** Queues as the server shows them to this envoy. `undefined`: it does not know the topic, or does not answer. */
export class ServerQueues {
  readonly #options: ServerQueuesOptions;

  constructor(options: ServerQueuesOptions) {
    this.#options = options;
  }

  async topics(): Promise<QueueHead[] | undefined> {
    const heads: QueueHead[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const answer = await orUndefined(callRest(this.#options.rest, this.#trust, poolqTopics, {
        query: { limit: String(TOPICS_PER_PAGE), ...(cursor === undefined ? {} : { cursor }) },
        body: undefined,
        ...this.#call,
      }));
      if (!answer) return undefined;
      heads.push(...answer.topics.map(asHead));
      if (answer.nextCursor === null) break;
      cursor = answer.nextCursor;
    }
    return heads;
  }

  async head(topicId: string): Promise<QueueHead | undefined> {
    const answer = await orUndefined(callRest(this.#options.rest, this.#trust, poolqHead, {
      params: { id: topicId },
      query: {},
      body: undefined,
      ...this.#call,
    }));
    return answer && asHead(answer);
  }

  async range({ topicId, from, limit }: QueueQuestion): Promise<QueueRange | undefined> {
    const answer = await orUndefined(callRest(this.#options.rest, this.#trust, poolqRange, {
      params: { id: topicId },
      query: { from: String(from ?? 1), limit: String(limit) },
      body: undefined,
      ...this.#call,
    }));
    return answer && { ...answer, ...asHead(answer) };
  }

  get #trust() {
    return { kind: "ca", pem: this.#options.ca } as const;
  }

  get #call() {
    return {
      identity: this.#options.identity(),
      maxAnswerBytes: MAX_ANSWER_BYTES,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    };
  }
}

function asHead<Answer extends { topicId: string; founder: string; headId: string }>(
  answer: Answer,
) {
  // Proven by the schema of the contract, which says so in another way.
  return answer as Answer & Pick<QueueHead, "topicId" | "founder" | "headId">;
}

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof RestError)) throw error;
    return undefined;
  }
}
