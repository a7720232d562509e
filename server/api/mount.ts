import type { Context } from "hono";
import { z } from "zod";
import { CONTRACT } from "../../shared/rest/contract.ts";
import type { Endpoint } from "../../shared/rest/endpoint.ts";
import type { Principal } from "../service/principal.ts";
import type { Admission } from "./admission.ts";
import { answerJson } from "./answer_json.ts";
import { answerStream } from "./answer_stream.ts";
import { readJsonBody } from "./bounded_body.ts";
import { parseInput, readQuery } from "./parse_input.ts";
import type { EndpointName, RouteTable } from "./route.ts";

/** An endpoint of any contract row; the types of one row meet again in its handler. */
type AnyEndpoint = Endpoint<z.ZodType, z.ZodType, z.ZodType>;
type AnyHandler = (context: {
  params: Record<string, string>;
  query: unknown;
  body: unknown;
  principal: Principal;
  request: Request;
  address: string;
  answerHeaders: Headers;
}) => Promise<unknown>;

/**
 * One endpoint as a function of a request, always in this order: who asks, may they, is the request well-formed, the
 * handler, and last the schema of the answer, which lets nothing out that the contract does not name.
 */
export function mount(
  name: EndpointName,
  routes: RouteTable,
  admission: Admission,
): (context: Context) => Promise<Response> {
  // A table has under each name the handler for the schemas of that name, which is what its type says; the compiler
  // cannot follow that for a name it does not know.
  const endpoint = CONTRACT[name] as AnyEndpoint;
  const handler = routes[name] as AnyHandler;
  return async (context) => {
    const { principal, address } = await admission.admit(context, endpoint.permission);
    const request = context.req.raw;
    const query = parseInput(
      "query",
      endpoint.query,
      readQuery(endpoint.query, new URL(request.url).searchParams),
    );
    const body = endpoint.body instanceof z.ZodUndefined
      ? undefined
      : parseInput("body", endpoint.body, await readJsonBody(request));
    const params = context.req.param();
    const answerHeaders = new Headers();
    const answer = await handler({
      params,
      query,
      body,
      principal,
      request,
      address,
      answerHeaders,
    });
    if (answer instanceof Response) {
      return await answerStream(
        request,
        answer,
        () => admission.isStillAdmitted(context, endpoint.permission),
      );
    }
    return answerJson(request, endpoint.answer.parse(answer), answerHeaders);
  };
}
