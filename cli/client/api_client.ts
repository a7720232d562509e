import type { z } from "zod";
import { errorSchema } from "../../shared/rest/error.ts";
import type { Endpoint } from "../../shared/rest/endpoint.ts";
import { API_PREFIX } from "../../shared/rest/contract.ts";
import { ApiError, InterruptedCallError, UnreachableError } from "./api_error.ts";
import { type Connection, ConnectionError } from "./connection.ts";
import { EventStreamError, readEventStream } from "./event_stream.ts";

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
  /**
   * Follows an endpoint that answers a stream of server-sent events, until the server ends it or the request's signal fires.
   *
   * @throws {ApiError} if the server says no.
   * @throws {EventStreamError} if nobody answers, the stream breaks off, or it tells what the contract does not know.
   */
  follow<E extends AnyEndpoint & { readonly answerType: "text/event-stream" }>(
    endpoint: E,
    request: Omit<CallRequest<E>, "body" | "stream">,
  ): AsyncGenerator<z.output<E["answer"]>>;
}

/** Deepest nesting of causes that is read. */
const MAX_CAUSES = 5;

/** Longest wait for an answer to a plain call, in ms; a publish compiles the whole fleet first. */
const CALL_TIMEOUT_MS = 120_000;
/** Longest wait for a stream to begin, in ms. */
const STREAM_TIMEOUT_MS = 30_000;
/** How long an interrupt waits for the answer to what changes something, so that its outcome is known, in ms. */
const OUTCOME_MS = 5_000;

/** How a client differs from the plain one. */
export interface ApiClientOptions {
  /** Finds the connection again: whoever waits for a server that restarts has the token of before, which the local one no longer is. */
  readonly resolve?: () => Promise<Connection>;
  /** Ends calls that bring no signal of their own; those that change something a moment later. */
  readonly interrupt?: AbortSignal;
  /** For tests. */
  readonly outcomeMs?: number;
}

/**
 * A client for one server.
 *
 * Calls throw {@linkcode ApiError} when the server says no, {@linkcode UnreachableError} when nobody answers, and
 * {@linkcode InterruptedCallError} when the operator stops waiting for what may have been done.
 */
export function createApiClient(
  connection: Connection,
  {
    resolve = () => Promise.resolve(connection),
    interrupt = new AbortController().signal,
    outcomeMs = OUTCOME_MS,
  }: ApiClientOptions = {},
): ApiClient {
  let { token } = connection;
  /** Whether there is another token by now, for the same server. */
  const renewToken = async (): Promise<boolean> => {
    try {
      const found = await resolve();
      if (found.baseUrl !== connection.baseUrl || found.token === token) return false;
      token = found.token;
      return true;
    } catch (error) {
      // That the token of before is refused says more.
      if (error instanceof ConnectionError) return false;
      throw error;
    }
  };
  const http = Deno.createHttpClient(
    connection.ca === undefined ? {} : { caCerts: [connection.ca] },
  );
  const headersFor = (accept: string): Record<string, string> => ({
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    accept,
  });
  return {
    baseUrl: connection.baseUrl,
    [Symbol.dispose]: () => http.close(),
    follow: async function* (endpoint, request) {
      const url = buildUrl(connection.baseUrl, endpoint, request);
      if (request.signal?.aborted) return;
      const stop = new AbortController();
      const end = () => stop.abort();
      request.signal?.addEventListener("abort", end, { once: true });
      try {
        const response = await openStream(url, {
          client: http,
          headers: headersFor("text/event-stream"),
          redirect: "error",
          signal: stop.signal,
        }, end);
        for await (const data of readEventStream(response, stop.signal)) {
          yield parseEvent(endpoint, data);
        }
      } finally {
        request.signal?.removeEventListener("abort", end);
        end();
      }
    },
    call: async (endpoint, request = {}) => {
      const url = buildUrl(connection.baseUrl, endpoint, request);
      const headers = headersFor("application/json");
      using limit = request.signal === undefined
        ? limitWait(interrupt, {
          graceMs: endpoint.method === "GET" ? 0 : outcomeMs,
          timeoutMs: request.stream ? undefined : CALL_TIMEOUT_MS,
        })
        : undefined;
      const init: RequestInit & { client: Deno.HttpClient } = {
        client: http,
        method: endpoint.method,
        headers,
        redirect: "error",
        signal: request.signal ?? limit?.signal ?? null,
      };
      if (request.stream !== undefined) {
        headers["content-type"] = "application/octet-stream";
        init.body = request.stream;
      } else if (request.body !== undefined) {
        headers["content-type"] = "application/json";
        init.body = JSON.stringify(request.body);
      }
      let answer = await send(url, init);
      // What was refused did nothing, so it may be sent again; a stream is gone.
      if (answer.status === 401 && request.stream === undefined && await renewToken()) {
        init.headers = { ...headers, ...headersFor("application/json") };
        answer = await send(url, init);
      }
      return parseAnswer(endpoint, answer);
    },
  };
}

/** A signal for one call: fires when its time is over, and `graceMs` after an interrupt. */
function limitWait(
  interrupt: AbortSignal,
  { graceMs, timeoutMs }: { readonly graceMs: number; readonly timeoutMs: number | undefined },
): Disposable & { readonly signal: AbortSignal } {
  const stop = new AbortController();
  const timers: ReturnType<typeof setTimeout>[] = [];
  const end = () => {
    if (graceMs === 0) stop.abort();
    else timers.push(setTimeout(() => stop.abort(new InterruptedCallError()), graceMs));
  };
  if (timeoutMs !== undefined) {
    const late = new DOMException("Signal timed out", "TimeoutError");
    timers.push(setTimeout(() => stop.abort(late), timeoutMs));
  }
  if (interrupt.aborted) end();
  else interrupt.addEventListener("abort", end, { once: true });
  return {
    signal: stop.signal,
    [Symbol.dispose]: () => {
      timers.forEach(clearTimeout);
      interrupt.removeEventListener("abort", end);
    },
  };
}

async function openStream(
  url: URL,
  init: RequestInit & { client: Deno.HttpClient },
  giveUp: () => void,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const timer = setTimeout(giveUp, STREAM_TIMEOUT_MS);
  try {
    const response = await fetch(url, init);
    const { status, headers, body } = response;
    if (status !== 200) throw readError(status, parseJson(status, await response.text()));
    if (body && headers.get("content-type")?.startsWith("text/event-stream")) return body;
    await body?.cancel();
    throw new EventStreamError(`The server at ${url.origin} answers with something else`);
  } catch (cause) {
    if (cause instanceof ApiError || cause instanceof EventStreamError) throw cause;
    throw new EventStreamError(`Cannot follow ${url.origin}: ${explain(cause)}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

function parseEvent<E extends AnyEndpoint>(endpoint: E, data: string): z.output<E["answer"]> {
  try {
    return endpoint.answer.parse(JSON.parse(data)) as z.output<E["answer"]>; // parsed by that very schema
  } catch (cause) {
    throw new EventStreamError("the server tells what this vigocli does not understand", { cause });
  }
}

async function send(url: URL, init: RequestInit): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, init);
    return { status: response.status, text: await response.text() };
  } catch (cause) {
    const reason: unknown = init.signal?.aborted ? init.signal.reason : undefined;
    if (reason instanceof InterruptedCallError) throw reason;
    if (reason instanceof Error && reason.name === "AbortError") throw cause;
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
  if (/not valid for name|NotValidForName/i.test(text)) {
    return "its certificate is for other names. Use one of them, or add this one to server.tls_sans";
  }
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
  const json = parseJson(status, text);
  if (status < 200 || status > 299) throw readError(status, json);
  const answer = endpoint.answer.safeParse(json);
  if (!answer.success) {
    throw new ApiError(
      status,
      `The server's answer to ${endpoint.method} ${endpoint.path} is not what this vigocli understands. Are both of one version?`,
    );
  }
  return answer.data as z.output<E["answer"]>; // parsed by that very schema
}

/** @throws {ApiError} if it is no JSON. */
function parseJson(status: number, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(status, `The server answered ${status} with something that is not JSON`);
  }
}

function readError(status: number, json: unknown): ApiError {
  const error = errorSchema.safeParse(json);
  return new ApiError(
    status,
    error.success ? forOperators(error.data.message) : `The server answered ${status}`,
    error.data?.guardrail,
  );
}

/** Where a value stands in the request is of no use to whoever wrote a command line. */
function forOperators(message: string): string {
  return message.replace(/^Cannot read (?:body|query)\.(?=\w)/, "Cannot read ");
}
