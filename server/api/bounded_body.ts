import { ApiError } from "./api_error.ts";

/** Largest JSON body: the largest legitimate one, an enrolment, is a few kB; a diff request a few hundred bytes. */
export const MAX_JSON_BODY_BYTES = 1024 * 1024;
/**
 * What is read and thrown away beyond the limit: a client that is cut off while it sends never sees the answer that says
 * why. Who sends more than this is cut off.
 */
const DISCARDED_BYTES = 4 * 1024 * 1024;
/** A JSON body that is not complete by then is given up, so that slow senders hold nothing. */
export const JSON_BODY_DEADLINE_MS = 30_000;

/**
 * Reads a JSON body; an empty one counts as `{}`, so that a request without options needs no body.
 *
 * @throws {ApiError} 413 above the limit (whatever the sender declared), 415 for another media type, 400 for what is not
 * JSON in UTF-8 or does not arrive in time.
 */
export async function readJsonBody(
  request: Request,
  limits = { maxBytes: MAX_JSON_BODY_BYTES, deadlineMs: JSON_BODY_DEADLINE_MS },
): Promise<unknown> {
  const bytes = await readBytes(request, limits);
  if (bytes.length === 0) return {};
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  // Also what keeps a foreign web page from posting with a reader's credentials: this type needs a preflight.
  if (type !== "application/json") {
    throw new ApiError(415, `Cannot read a body of type "${type ?? ""}": send application/json`);
  }
  try {
    return JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(bytes),
      refuseUnkeepable,
    );
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    throw new ApiError(400, "Cannot read the body: it is not JSON in UTF-8", { cause });
  }
}

/**
 * An escape such as `\ud800` alone makes text that UTF-8 cannot write, so neither the database nor the audit log can keep it. A
 * member `__proto__` is dropped by what reads objects, so that whoever sent it would hear that all went well.
 */
function refuseUnkeepable(key: string, value: unknown): unknown {
  if (key === "__proto__") {
    throw new ApiError(400, 'Cannot use the name "__proto__": choose another');
  }
  if (!key.isWellFormed() || (typeof value === "string" && !value.isWellFormed())) {
    throw new SyntaxError("a text holds an unpaired surrogate");
  }
  return value;
}

/** @throws {ApiError} 413 above the limit, 400 if the body does not arrive in time. */
export async function readBytes(
  request: Request,
  { maxBytes, deadlineMs }: { maxBytes: number; deadlineMs: number },
): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new ApiError(400, `The body was not complete after ${deadlineMs} ms`)),
    deadlineMs,
  );
  try {
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    while (true) {
      const { done, value } = await Promise.race([reader.read(), late.promise]);
      if (done) break;
      sizeBytes += value.length;
      if (sizeBytes <= maxBytes) chunks.push(value);
      else {
        chunks.length = 0;
        if (sizeBytes > maxBytes + DISCARDED_BYTES) break;
      }
    }
    if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
    return concatenate(chunks, sizeBytes);
  } finally {
    clearTimeout(timer);
    reader.releaseLock();
  }
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError(413, `The body is larger than ${maxBytes} bytes`);
}

function concatenate(chunks: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const whole = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
