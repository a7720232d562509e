import { Buffer } from "node:buffer";
import { createHash, X509Certificate } from "node:crypto";
import { request as httpsRequest } from "node:https";
import type { TLSSocket } from "node:tls";
import type { z } from "zod";
import { API_PREFIX } from "../../shared/rest/contract.ts";
import type { Endpoint } from "../../shared/rest/endpoint.ts";
import { errorSchema } from "../../shared/rest/error.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import { checkServerIdentity } from "./check_server_identity.ts";

/** How the server's certificate is judged before a byte of the request leaves this machine. */
export type ServerTrust =
  /** It is signed by this CA (PEM) and names the host. */
  | { readonly kind: "ca"; readonly pem: string }
  /** Its public key has this SHA-256, base64. */
  | { readonly kind: "pin"; readonly sha256: string }
  /** Not at all: only for answers that carry a signature of their own. */
  | { readonly kind: "unverified" };

/** Why a REST call gave no answer. */
export class RestError extends Error {
  override readonly name = "RestError";

  constructor(
    message: string,
    /** HTTP status; absent when the server did not answer. */
    readonly status?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Largest answer read, in bytes: certificates and signatures. */
const MAX_ANSWER_BYTES = 256 * 1024;
/** A busy server answers well within this. */
const TIMEOUT_MS = 30_000;

/** What a call may say. */
export interface RestCall<Query, Body> {
  readonly query: Query;
  readonly body: Body;
  readonly signal?: AbortSignal;
  /** Fills the `:name` parts of the path. */
  readonly params?: Readonly<Record<string, string>>;
  /** The certificate of this envoy, for what only the fleet may read. */
  readonly identity?: TlsIdentity;
  /** Largest answer that is read. */
  readonly maxAnswerBytes?: number;
}

/**
 * Calls one endpoint and parses the answer.
 *
 * @param base `https://host:port`.
 * @throws {RestError} if the server cannot be reached, is not whom `trust` wants, refuses, or answers nonsense.
 */
export async function callRest<
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
>(
  base: string,
  trust: ServerTrust,
  endpoint: Endpoint<Query, Body, Answer>,
  call: RestCall<Record<string, string>, z.input<Body>>,
): Promise<z.output<Answer>> {
  const url = new URL(API_PREFIX + fillPath(endpoint.path, call.params), base);
  for (const [name, value] of Object.entries(call.query)) url.searchParams.set(name, value);
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const { status, text } = await exchange(url, trust, endpoint.method, body, call);
  if (status < 200 || status > 299) {
    const refusal = errorSchema.safeParse(parseJson(text));
    const reason = refusal.success ? refusal.data.message : `status ${status}`;
    throw new RestError(`${url.origin} refused: ${reason}`, status);
  }
  const answer = endpoint.answer.safeParse(parseJson(text));
  if (!answer.success) {
    const issue = answer.error.issues[0];
    throw new RestError(
      `${url.origin} gave an answer that is not of this protocol: ${
        issue?.path.join(".") || "body"
      }: ${issue?.message}`,
      status,
    );
  }
  return answer.data;
}

function fillPath(path: string, params: Readonly<Record<string, string>> = {}): string {
  return path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
}

/** The pin of a certificate: SHA-256 over its SubjectPublicKeyInfo, base64, as curl's `--pinnedpubkey` has it. */
export function spkiPin(der: Uint8Array): string {
  const spki = new X509Certificate(Buffer.from(der)).publicKey.export({
    type: "spki",
    format: "der",
  });
  return createHash("sha256").update(spki).digest("base64");
}

function exchange(
  url: URL,
  trust: ServerTrust,
  method: string,
  body: string | undefined,
  { signal, identity, maxAnswerBytes = MAX_ANSWER_BYTES }: Pick<
    RestCall<unknown, unknown>,
    "signal" | "identity" | "maxAnswerBytes"
  >,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      clearTimeout(timer);
      request.destroy();
      reject(
        error instanceof RestError ? error : new RestError(
          `Cannot reach ${url.origin}: ${error instanceof Error ? error.message : error}`,
          undefined,
          { cause: error },
        ),
      );
    };
    const request = httpsRequest(url, {
      method,
      agent: false,
      headers: body === undefined ? {} : {
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(body)),
      },
      ...(trust.kind === "ca"
        ? { ca: trust.pem, checkServerIdentity }
        : { rejectUnauthorized: false }),
      ...(identity ? { cert: identity.certificate, key: identity.privateKey } : {}),
    });
    const timer = setTimeout(
      () => fail(new Error(`no answer in ${TIMEOUT_MS} ms`)),
      TIMEOUT_MS,
    );
    signal?.addEventListener("abort", () => fail(new Error("interrupted")), { once: true });
    request.on("error", fail);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let sizeBytes = 0;
      response.on("error", fail);
      response.on("data", (chunk: Buffer) => {
        sizeBytes += chunk.length;
        if (sizeBytes > maxAnswerBytes) {
          fail(new RestError(`${url.origin} answered more than ${maxAnswerBytes} bytes`));
        } else chunks.push(chunk);
      });
      response.on("end", () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") });
      });
    });
    if (trust.kind !== "pin") {
      request.end(body);
      return;
    }
    // Nothing is written, the token least of all, before the key at the other end is the pinned one.
    request.on("socket", (socket) => {
      // An https request's socket is a TLSSocket; the type is that of plain http.
      const secured = socket as TLSSocket;
      secured.once("secureConnect", () => {
        const { raw } = secured.getPeerCertificate(true);
        const found = raw ? spkiPin(raw) : "no certificate";
        if (found === trust.sha256) request.end(body);
        else {
          fail(
            new RestError(
              `Refusing to talk to ${url.origin}: its key has pin sha256//${found}, wanted sha256//${trust.sha256}`,
            ),
          );
        }
      });
    });
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
