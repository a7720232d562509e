import { request } from "node:https";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";

/** How one REST request is made. */
export interface RestRequest {
  readonly method?: string;
  readonly token?: string;
  readonly identity?: TlsIdentity;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RestAnswer {
  readonly status: number;
  readonly text: string;
  /** The body as JSON; `undefined` if it is none. */
  readonly json: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

const DEADLINE_MS = 180_000;

/**
 * One request on a connection of its own, so that no test inherits another's, with or without a client certificate.
 *
 * @param ca PEM of the fleet's CA.
 * @throws {Error} if no answer comes.
 */
export function exchange(url: string, ca: string, options: RestRequest = {}): Promise<RestAnswer> {
  const { method = "GET", token, identity, json, headers = {} } = options;
  const body = json === undefined ? options.body : JSON.stringify(json);
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method,
      ca,
      agent: false,
      timeout: DEADLINE_MS,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(json === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(identity ? { cert: identity.certificate, key: identity.privateKey } : {}),
    }, (response) => {
      const chunks: Uint8Array[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = new TextDecoder().decode(concatenate(chunks));
        resolve({
          status: response.statusCode ?? 0,
          text,
          json: parseJson(text),
          headers: response.headers,
        });
      });
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`No answer from ${url}`)));
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
