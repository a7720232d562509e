import { z } from "zod";
import { CONTRACT } from "../../shared/rest/contract.ts";
import type { Endpoint } from "../../shared/rest/endpoint.ts";
import { ApiError } from "../api/api_error.ts";
import { parseInput } from "../api/parse_input.ts";
import type { EndpointName, RouteTable } from "../api/route.ts";
import { checkPermission } from "../auth/permissions.ts";
import type { Principal } from "../service/principal.ts";
import { describeField } from "./field_labels.ts";

type Contract = typeof CONTRACT;

/** What an endpoint is given, before its schemas have read it. */
export interface CallInput<Name extends EndpointName> {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: z.input<Contract[Name]["query"]>;
  readonly body?: z.input<Contract[Name]["body"]>;
}

/** Endpoints that answer JSON, and those that answer a stream of events. */
export type StreamName = {
  [Name in EndpointName]: Contract[Name] extends { answerType: "text/event-stream" } ? Name : never;
}[EndpointName];
export type JsonName = Exclude<EndpointName, StreamName>;

/** An endpoint of any contract row; the types of one row meet again in its handler. */
type AnyEndpoint = Endpoint<z.ZodType, z.ZodType, z.ZodType>;
type AnyHandler = (context: {
  params: Readonly<Record<string, string>>;
  query: unknown;
  body: unknown;
  principal: Principal;
  request: Request;
  address: string;
  answerHeaders: Headers;
}) => Promise<unknown>;

/**
 * What a page reads and does: the endpoints of the REST contract, called without a request between, in the name of whoever
 * looks at the page. The permission, the limits and the services are those of the endpoint, so that a page shows and does
 * nothing that its reader could not ask REST for.
 */
export class Calls {
  readonly #routes: RouteTable;
  readonly #caller: {
    readonly principal: Principal;
    readonly request: Request;
    readonly address: string;
  };

  constructor(
    routes: RouteTable,
    caller: { readonly principal: Principal; readonly request: Request; readonly address: string },
  ) {
    this.#routes = routes;
    this.#caller = caller;
  }

  /**
   * The answer of an endpoint.
   *
   * @param answerHeaders gets the headers that the endpoint sends along.
   * @throws {ApiError} whatever the endpoint would refuse with, as REST would.
   */
  async call<Name extends JsonName>(
    name: Name,
    input: CallInput<Name> = {},
    answerHeaders = new Headers(),
  ): Promise<z.output<Contract[Name]["answer"]>> {
    const endpoint = CONTRACT[name] as AnyEndpoint;
    const answer = await this.#handle(name, input, answerHeaders);
    // The schema of this very endpoint has read it.
    return endpoint.answer.parse(answer) as z.output<Contract[Name]["answer"]>;
  }

  /** The stream of an endpoint. @throws {ApiError} as {@linkcode call}. */
  async stream(name: StreamName, input: CallInput<StreamName>): Promise<Response> {
    const answer = await this.#handle(name, input, new Headers());
    if (answer instanceof Response) return answer;
    throw new TypeError(`${name} answered no stream`);
  }

  async #handle<Name extends EndpointName>(
    name: Name,
    input: CallInput<Name>,
    answerHeaders: Headers,
  ): Promise<unknown> {
    // As in `mount.ts`: the table has under each name the handler for the schemas of that name.
    const endpoint = CONTRACT[name] as AnyEndpoint;
    const handler = this.#routes[name] as AnyHandler;
    const verdict = checkPermission(this.#caller.principal, endpoint.permission);
    if (!verdict.ok) throw new ApiError(verdict.status, verdict.reason);
    const { params = {}, query = {}, body = {} } = input;
    return await handler({
      ...this.#caller,
      params,
      query: parseInput("query", endpoint.query, query, describePlace),
      body: endpoint.body instanceof z.ZodUndefined
        ? undefined
        : parseInput("body", endpoint.body, body, describePlace),
      answerHeaders,
    });
  }
}

/** Where something is wrong, as the form calls it; a form's own rules are about all of it. */
function describePlace([field]: readonly PropertyKey[]): string {
  return field === undefined ? "this form" : describeField(String(field));
}
