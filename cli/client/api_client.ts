import type { z } from "zod";
import { errorSchema } from "../../shared/rest/error.ts";
import type { Endpoint } from "../../shared/rest/endpoint.ts";
import { API_PREFIX } from "../../shared/rest/contract.ts";
import { ApiError, UnreachableError } from "./api_error.ts";
import type { Connection } from "./connection.ts";

type AnyEndpoint = Endpoint<z.ZodType, z.ZodType, z.ZodType>;

/** What travels with one call. `params` fill the `:name` parts of the path. */
export interface CallRequest<E extends AnyEndpoint> {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: z.input<E["query"]>;
  readonly body?: z.input<E["body"]>;
  /** Replaces the JSON body for endpoints that take a file. */
  readonly stream?: ReadableStream<Uint8Array>;
  readonly signal?: AbortSignal;
}

/** Calls the endpoints of the REST contract. */
export interface ApiClient extends Disposable {
  readonly baseUrl: string;
  call<E extends AnyEndpoint>(
    endpoint: E,
    request?: CallRequest<E>,
  ): Promise<z.output<E["answer"]>>;
}

/** Deepest nesting of causes that is read. */
const MAX_CAUSES = 5;

/** Longest wait for an answer to a plain call, in ms; a publish compiles the whole fleet first. */
const CALL_TIMEOUT_MS = 120_000;

/**
 * A client for one server.
 *
 * Calls throw {@linkcode ApiError} when the server says no and {@linkcode UnreachableError} when nobody answers.
 */
export function createApiClient(connection: Connection): ApiClient {
  const http = Deno.createHttpClient(
    connection.ca === undefined ? {} : { caCerts: [connection.ca] },
  );
  return {
    baseUrl: connection.baseUrl,
    [Symbol.dispose]: () => http.close(),
    call: async (endpoint, request = {}) => {
      const url = buildUrl(connection.baseUrl, endpoint, request);
      const headers: Record<string, string> = {
        ...(connection.token === undefined ? {} : { authorization: `Bearer ${connection.token}` }),
        accept: "application/json",
      };
      const init: RequestInit & { client: Deno.HttpClient } = {
        client: http,
        method: endpoint.method,
        headers,
        redirect: "error",
        signal: request.signal ??
          (request.stream ? null : AbortSignal.timeout(CALL_TIMEOUT_MS)),
      };
      if (request.stream !== undefined) {
        headers["content-type"] = "application/octet-stream";
        init.body = request.stream;
      } else if (request.body !== undefined) {
        headers["content-type"] = "application/json";
        init.body = JSON.stringify(request.body);
      }
      const answer = await send(url, init);
      return parseAnswer(endpoint, answer);
    },
  };
}

async function send(url: URL, init: RequestInit): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, init);
    return { status: response.status, text: await response.text() };
  } catch (cause) {
    if (init.signal?.aborted && (init.signal.reason as Error | undefined)?.name === "AbortError") {
      throw cause;
    }
    throw new UnreachableError(
      `Cannot reach the server at ${url.origin}: ${explain(cause)}`,
      cause,
    );
  }
}

/** What went wrong, in words for the operator. The library nests the cause that matters below "fetch failed". */
function explain(cause: unknown): string {
  const texts: string[] = [];
  for (let at = cause; at instanceof Error && texts.length < MAX_CAUSES; at = at.cause) {
    texts.push(at.message);
  }
  const text = texts.join(": ");
  if (/timed? ?out/i.test(text)) return "no answer in time. Is vigosrv overloaded or stopped?";
  if (/refused/i.test(text)) return "connection refused. Is vigosrv running there?";
  if (/dns|lookup/i.test(text)) return "no such host. Check the name";
  if (/certificate|UnknownIssuer/i.test(text)) {
    return "its certificate does not verify. Give the fleet's CA with --ca FILE";
  }
  return text.replaceAll("\n", " ");
}

function buildUrl<E extends AnyEndpoint>(
  baseUrl: string,
  endpoint: E,
  request: CallRequest<E>,
): URL {
  const path = endpoint.path.replace(/:([a-z]+)/gi, (_whole, name: string) => {
    const value = request.params?.[name];
    if (value === undefined) {
      throw new TypeError(`endpoint ${endpoint.path} needs parameter ${name}`);
    }
    return encodeURIComponent(value);
  });
  const url = new URL(`${API_PREFIX}${path}`, baseUrl);
  const query = (request.query ?? {}) as Record<string, unknown>; // every query schema is an object
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}

function parseAnswer<E extends AnyEndpoint>(
  endpoint: E,
  { status, text }: { status: number; text: string },
): z.output<E["answer"]> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new ApiError(status, `The server answered ${status} with something that is not JSON`);
  }
  if (status < 200 || status > 299) {
    const error = errorSchema.safeParse(json);
    throw new ApiError(
      status,
      error.success ? error.data.message : `The server answered ${status}`,
      error.data?.guardrail,
    );
  }
  const answer = endpoint.answer.safeParse(json);
  if (!answer.success) {
    throw new ApiError(
      status,
      `The server's answer to ${endpoint.method} ${endpoint.path} is not what this vigocli understands. Are both of one version?`,
    );
  }
  return answer.data as z.output<E["answer"]>; // parsed by that very schema
}
