import type { z } from "zod";
import type { CONTRACT } from "../../shared/rest/contract.ts";
import type { Principal } from "../service/principal.ts";

/** Every endpoint of the REST contract, by its key. */
export type EndpointName = keyof typeof CONTRACT;

/** What a handler works with: all of it authorised, bounded and parsed. */
export interface RequestContext<Name extends EndpointName> {
  /** The `:name` parts of the path, decoded. Not validated further. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: z.output<typeof CONTRACT[Name]["query"]>;
  readonly body: z.output<typeof CONTRACT[Name]["body"]>;
  readonly principal: Principal;
  /** The raw request, for a body that is streamed; a JSON body has been read already. */
  readonly request: Request;
  /** Where the connection comes from; it proves nothing. Empty if the runtime does not tell. */
  readonly address: string;
  /** Headers to send with an answer that is a success. */
  readonly answerHeaders: Headers;
}

/**
 * Answers one endpoint. It refuses by throwing an `ApiError`; whatever else it throws is answered as 500 and logged. Where
 * the contract says that a stream is answered, it returns the response as it goes out.
 */
export type Handler<Name extends EndpointName> = (
  context: RequestContext<Name>,
) => Promise<
  typeof CONTRACT[Name] extends { readonly answerType: "text/event-stream" } ? Response
    : z.input<typeof CONTRACT[Name]["answer"]>
>;

/** The handlers of one area, by the key of their endpoint. The tables of all areas together cover the contract. */
export type RouteTable<Names extends EndpointName = EndpointName> = {
  readonly [Name in Names]: Handler<Name>;
};

/** A path parameter of an endpoint that declares it. */
export function pathParameter(params: Readonly<Record<string, string>>, name: string): string {
  const value = params[name];
  if (value === undefined) throw new Error(`The endpoint has no path parameter "${name}"`);
  return value;
}
