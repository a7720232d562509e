import type { z } from "zod";

/**
 * What a caller must be allowed to do. `none`: anybody who reaches the listener. `fleet.view`: see who is in the fleet and
 * which files travel; `fleet.read`: read all of it, also what hosts are made of and what their policy says.
 */
export type Permission =
  | "none"
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
  readonly answer: Answer;
}

/** Declares an endpoint; exists for the inference of its three schemas. */
export function endpoint<Query extends z.ZodType, Body extends z.ZodType, Answer extends z.ZodType>(
  description: Endpoint<Query, Body, Answer>,
): Endpoint<Query, Body, Answer> {
  return description;
}
