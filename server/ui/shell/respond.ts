import { gzip } from "node:zlib";
import { promisify } from "node:util";
import type { Child } from "hono/jsx";
import { accepts } from "../assets/assets.ts";
import { PAGE_HEADERS } from "./security_headers.ts";

const compress = promisify(gzip);
/** Below this a compressed page is hardly smaller than one network packet. */
const MIN_COMPRESSED_BYTES = 1_400;

/** A page as an answer. */
export async function respond(
  request: Request,
  page: Child,
  { status = 200, headers = {} }: {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<Response> {
  // A promise as soon as one component is waited for.
  const html: string = await page?.toString() ?? "";
  const bytes = new TextEncoder().encode(`<!doctype html>${html}`);
  const all = new Headers({ ...PAGE_HEADERS, vary: "accept-encoding", ...headers });
  if (
    bytes.length < MIN_COMPRESSED_BYTES ||
    !accepts(request.headers.get("accept-encoding") ?? "", "gzip")
  ) return new Response(bytes, { status, headers: all });
  all.set("content-encoding", "gzip");
  return new Response(new Uint8Array(await compress(bytes, { level: 5 })), {
    status,
    headers: all,
  });
}

/** Sends a browser on, with GET whatever it came with. */
export function redirect(
  location: string,
  headers: readonly (readonly [string, string])[] = [],
): Response {
  const all = new Headers({ location, "cache-control": "no-store" });
  for (const [name, value] of headers) all.append(name, value);
  return new Response(null, { status: 303, headers: all });
}
