import type { z } from "zod";

/**
 * What a caller must be allowed to do. `none`: anybody who reaches the listener. `self`: be a person, or act for one, and
 * look after one's own sessions, tokens and password. `fleet.view`: see who is in the fleet and which files travel;
 * `fleet.read`: read all of it, also what hosts are made of and what their policy says.
 */
export type Permission =
  | "none"
  | "self"
  | "fleet.view"
  | "fleet.read"
  | "fleet.write"
  | "config.publish"
  | "push.execute"
  | "admin";

/** One row of the REST contract: the server routes by it and the client calls by it. */
export interface Endpoint<
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
> {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path under `/api/v1`, with `:name` for parameters. */
  readonly path: string;
  readonly summary: string;
  readonly permission: Permission;
  readonly query: Query;
  readonly body: Body;
  /** Of the JSON that is answered; of each event's data where `answerType` is a stream of events. */
  readonly answer: Answer;
  /** JSON unless this says otherwise. A handler of a stream returns the `Response` itself. */
  readonly answerType?: "text/event-stream";
}

/** What an endpoint has that answers a stream of server-sent events, whose data are JSON of its `answer` schema. */
interface EventStream {
  readonly answerType: "text/event-stream";
}

/** Declares an endpoint; exists for the inference of its three schemas. */
export function endpoint<Query extends z.ZodType, Body extends z.ZodType, Answer extends z.ZodType>(
  description: Endpoint<Query, Body, Answer> & EventStream,
): Endpoint<Query, Body, Answer> & EventStream;
export function endpoint<Query extends z.ZodType, Body extends z.ZodType, Answer extends z.ZodType>(
  description: Endpoint<Query, Body, Answer>,
): Endpoint<Query, Body, Answer>;
export function endpoint<Description>(description: Description): Description {
  return description;
}
