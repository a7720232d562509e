import { createHash } from "node:crypto";

/** Characters of an entity tag: 128 bits of a digest tell answers apart. */
const TAG_LENGTH = 22;

/**
 * A value as a JSON answer. One to a read carries an entity tag of its bytes, and whoever shows that tag again is told that
 * nothing changed, without the body (RFC 9110, 13.1.2). Nothing is stored on the way: what a fleet is made of stays out of caches.
 */
export function answerJson(request: Request, value: unknown, extra: Headers): Response {
  const headers = new Headers(extra);
  headers.set("cache-control", "no-store");
  headers.set("content-type", "application/json");
  const text = JSON.stringify(value);
  if (request.method !== "GET" && request.method !== "HEAD") return new Response(text, { headers });
  const tag = `"${createHash("sha256").update(text).digest("base64url").slice(0, TAG_LENGTH)}"`;
  headers.set("etag", tag);
  if (!isKnown(tag, request.headers.get("if-none-match"))) return new Response(text, { headers });
  headers.delete("content-type");
  return new Response(null, { status: 304, headers });
}

/** Weak comparison, as this header has it (RFC 9110, 8.8.3.2). */
function isKnown(tag: string, header: string | null): boolean {
  if (header === null) return false;
  const known = header.split(",").map((one) => one.trim().replace(/^W\//, ""));
  return known.includes(tag) || known.includes("*");
}
