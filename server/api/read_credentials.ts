import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { AUTOMATIC_HEADER, CSRF_HEADER, SESSION_COOKIE } from "../../shared/rest/http_names.ts";
import type { ClientCertificate, Credentials } from "../auth/credentials.ts";

/** Methods that change nothing (RFC 9110, 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** Where whoever has read a form leaves the CSRF token that stood in it: a form sends no headers. */
export const FORM_CSRF_TOKEN = "formCsrfToken";

/**
 * What a request offers as proof of who sends it.
 *
 * @param isAutomatic nobody asks just now, whatever the request says.
 */
export function readCredentials(
  context: Context,
  certificate: ClientCertificate | undefined,
  isAutomatic = false,
): Credentials {
  const { req } = context;
  const cookie = getCookie(context, SESSION_COOKIE);
  const formToken: unknown = context.get(FORM_CSRF_TOKEN);
  return {
    authorization: req.header("authorization"),
    certificate,
    session: cookie === undefined || cookie === "" ? undefined : {
      cookie,
      isWrite: !SAFE_METHODS.has(req.method),
      csrfToken: typeof formToken === "string" ? formToken : req.header(CSRF_HEADER),
      isForeign: !["same-origin", "none", undefined].includes(req.header("sec-fetch-site")),
      // A stream of events is opened by a page, and again by itself when it breaks off.
      isAutomatic: isAutomatic || req.header(AUTOMATIC_HEADER) !== undefined ||
        (req.header("accept") ?? "").includes("text/event-stream"),
    },
  };
}
