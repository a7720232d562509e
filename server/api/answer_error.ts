import type { Logger } from "@logtape/logtape";
import type { ErrorBody } from "../../shared/rest/error.ts";
import { TargetSpecError } from "../../shared/targeting/target_spec_error.ts";
import { CursorError } from "../store/store_error.ts";
import { ApiError } from "./api_error.ts";

/**
 * Turns whatever a handler threw into an answer. What was not meant for the caller is logged under an id, and the caller
 * gets that id alone: no stack, no path, no query ever leaves.
 */
export function answerError(error: unknown, request: Request, logger: Logger): Response {
  if (error instanceof ApiError) {
    const { status, message, headers, guardrail } = error;
    return errorResponse(status, message, headers, guardrail && { guardrail });
  }
  if (error instanceof CursorError || error instanceof TargetSpecError) {
    return errorResponse(400, error.message);
  }
  const id = crypto.randomUUID();
  logger.error("A request failed unexpectedly", {
    id,
    method: request.method,
    path: new URL(request.url).pathname,
    reason: String(error),
    ...(error instanceof Error ? { stack: error.stack } : {}),
  });
  return errorResponse(500, `The server failed; its log says why under id ${id}`);
}

/** An answer of the one shape that errors have. */
export function errorResponse(
  status: number,
  message: string,
  extra: Readonly<Record<string, string>> = {},
  details: Omit<ErrorBody, "message"> = {},
): Response {
  const headers: Record<string, string> = { ...extra, "cache-control": "no-store" };
  if (status === 401) headers["www-authenticate"] = 'Bearer realm="vigo"';
  // The rest of a body that was not read would otherwise be taken for the next request.
  if (status === 413) headers["connection"] = "close";
  return Response.json({ message: message.replaceAll(/\s+/g, " "), ...details }, {
    status,
    headers,
  });
}
