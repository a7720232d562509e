import type { IncomingMessage } from "node:http";

/** Largest body of a local request: a handful of flags. */
const MAX_BODY_BYTES = 4 * 1024;

/** The JSON of a local request; `undefined` if it is none, or too large. */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BODY_BYTES) return undefined;
    chunks.push(new Uint8Array(chunk));
  }
  try {
    return JSON.parse(await new Blob(chunks.map((chunk) => new Uint8Array(chunk))).text() || "{}");
  } catch {
    // What is not JSON is refused by the schema like any other wrong shape.
    return undefined;
  }
}
