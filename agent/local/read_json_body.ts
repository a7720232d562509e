import type { IncomingMessage } from "node:http";

/** Largest body of a local request that says nothing else: a handful of flags. */
const MAX_BODY_BYTES = 4 * 1024;
/** What is read of a body that is too large and thrown away, in bytes, before its caller is cut off. */
const MAX_DROPPED_BYTES = 16 * 1024 * 1024;

/**
 * What a caller sends, for whoever may stop reading before it ends: the connection stays, so that the caller can be told why.
 * Without this it would be cut at once.
 */
export function bodyOf(request: IncomingMessage): AsyncIterable<Uint8Array> {
  return request.iterator({ destroyOnReturn: false });
}

/** The JSON of a local request; `undefined` if it is none, or too large. */
export async function readJsonBody(
  request: IncomingMessage,
  maxBytes = MAX_BODY_BYTES,
): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of bodyOf(request)) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) break;
    chunks.push(new Uint8Array(chunk));
  }
  if (sizeBytes > maxBytes) {
    await dropRest(request);
    return undefined;
  }
  try {
    return JSON.parse(await new Blob(chunks.map((chunk) => new Uint8Array(chunk))).text() || "{}");
  } catch {
    // What is not JSON is refused by the schema like any other wrong shape.
    return undefined;
  }
}

/**
 * Reads on and throws away what is still to come, until the caller has sent all of it or too much. A caller that is hung up on
 * while it sends does not get to read why.
 */
export async function dropRest(request: IncomingMessage): Promise<void> {
  let sizeBytes = 0;
  try {
    for await (const chunk of bodyOf(request)) {
      sizeBytes += chunk.length;
      if (sizeBytes > MAX_DROPPED_BYTES) return;
    }
  } catch {
    // It hung up itself, or was cut off for taking too long.
  }
}
