import type { IncomingMessage } from "node:http";

/** What a request brought, or the status to refuse it with. */
export type RequestBody =
  | { readonly ok: true; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly ok: false; readonly status: 413 };

/** How many bytes a request says to bring; nothing if it does not say, or says more than `maxBytes`. */
export function declaredLength(request: IncomingMessage, maxBytes: number): number | undefined {
  const declared = Number(request.headers["content-length"]);
  return declared <= maxBytes ? declared : undefined;
}

/** Reads a body that is as long as declared, and of which nothing is read if that is more than `maxBytes`. */
export async function readRequestBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<RequestBody> {
  const declared = declaredLength(request, maxBytes);
  if (declared === undefined) return { ok: false, status: 413 };
  const bytes = new Uint8Array(declared);
  let length = 0;
  for await (const part of request) {
    if (length + part.length > declared) return { ok: false, status: 413 };
    bytes.set(part, length);
    length += part.length;
  }
  return { ok: true, bytes: bytes.subarray(0, length) };
}
