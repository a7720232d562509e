import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import {
  MAX_HINT_BYTES,
  MAX_HINT_MESSAGES,
  MAX_RANGE_MESSAGES,
} from "../../shared/poolq/limits.ts";
import { sendJson } from "../local/local_server.ts";
import { readJsonBody } from "../local/read_json_body.ts";
import type { QueueKeeper } from "./queue_keeper.ts";
import type { QueueReader } from "./queue_reader.ts";

/** Longest time that somebody waits for a message, in s. */
const MAX_WAIT_SECS = 25;
const PREFIX = "/poolq/v1/";
const TOPIC = /^\/poolq\/v1\/topics\/([0-9a-f]{64})\/(head|range)$/;

const HOST = /^\/poolq\/v1\/hosts\/([a-z0-9.-]{1,253})$/;

const postedSchema = z.strictObject({
  user: z.string().regex(/^[a-z_][a-z0-9_.-]{0,63}\$?$/i),
  /** What was posted, in order, if it is little. Nothing of it is believed that is not proven. */
  messages: z.array(z.looseObject({})).max(MAX_HINT_MESSAGES).default([]),
});
const rangeSchema = z.object({
  from: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).default(1),
  limit: z.coerce.number().int().min(1).max(MAX_RANGE_MESSAGES).default(MAX_RANGE_MESSAGES),
  wait: z.coerce.number().min(0).max(MAX_WAIT_SECS).default(0),
});

/** What is asked of the queues. */
export interface LocalQueues
  extends Pick<QueueKeeper, "limits" | "follow" | "notePosted" | "isEnrolled"> {
  readonly reader: Pick<QueueReader, "topics" | "head">;
}

/** Whether a request is for queues. */
export function isQueueRequest(path: string): boolean {
  return path.startsWith(PREFIX);
}

/**
 * Answers what every local user may ask of queues: `GET /poolq/v1/limits`, `/topics`, `/topics/{id}/head`,
 * `/topics/{id}/range?from=N&limit=M&wait=S`, and `/hosts/{name}`, whether such an envoy is enrolled (`null` if nobody can
 * say so); and hears the hint `POST /poolq/v1/posted`.
 */
export async function answerQueueRequest(
  queues: LocalQueues,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = URL.parse(request.url ?? "", "http://agent/");
  const path = url?.pathname ?? "";
  if (request.method === "POST" && path === "/poolq/v1/posted") {
    const posted = postedSchema.safeParse(await readJsonBody(request, MAX_HINT_BYTES));
    if (!posted.success) {
      const message = 'expected {"user": NAME} and perhaps "messages"';
      return sendJson(response, 400, { message });
    }
    queues.notePosted(posted.data.user, posted.data.messages);
    return sendJson(response, 202, {});
  }
  if (request.method !== "GET") {
    return sendJson(response, 405, { message: "only GET is answered here" });
  }
  if (path === "/poolq/v1/limits") return sendJson(response, 200, queues.limits());
  if (path === "/poolq/v1/topics") return sendJson(response, 200, await queues.reader.topics());
  const [, host] = path.match(HOST) ?? [];
  if (host !== undefined) {
    const isEnrolled = await queues.isEnrolled(host);
    return sendJson(response, 200, { enrolled: isEnrolled ?? null });
  }
  const [, topicId, what] = path.match(TOPIC) ?? [];
  if (topicId === undefined) {
    return sendJson(response, 404, { message: `nothing is known of ${request.url}` });
  }
  if (what === "head") {
    const answer = await queues.reader.head(topicId);
    return answer.ok
      ? sendJson(response, 200, answer.head)
      : sendJson(response, answer.status, { message: answer.message });
  }
  const query = rangeSchema.safeParse(Object.fromEntries(url?.searchParams ?? []));
  if (!query.success) {
    const [issue] = query.error.issues;
    return sendJson(response, 400, { message: `${issue?.path.join(".")}: ${issue?.message}` });
  }
  const { from, limit, wait } = query.data;
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const answer = await queues.follow(topicId, {
    from,
    limit,
    waitMs: wait * 1_000,
    signal: gone.signal,
  });
  if (answer === "busy") {
    const message = "Cannot wait for messages: too many others do. Try again in a moment";
    return sendJson(response, 429, { message });
  }
  return answer.ok
    ? sendJson(response, 200, answer.range)
    : sendJson(response, answer.status, { message: answer.message });
}
