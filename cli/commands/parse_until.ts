import { DurationError, parseDuration } from "../../shared/terminal/duration.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";

/** A day, or a time of ISO 8601 with its zone, so that nobody has to guess whose clock it is. */
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

/**
 * Reads when something ends: how long from now, or a time; a day alone ends when it begins, at midnight UTC.
 *
 * @returns ms since 1970.
 * @throws {UserError} if it is neither, or is past.
 */
export function parseUntil(text: string, nowMs: number): number {
  const untilMs = TIME.test(text) ? Date.parse(text) : nowMs + durationOf(text);
  if (Number.isFinite(untilMs) && untilMs > nowMs) return Math.trunc(untilMs);
  throw refuse(text, Number.isFinite(untilMs) ? "that is not to come" : "there is no such day");
}

function durationOf(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw refuse(text, "it is neither a duration nor a time", error);
  }
}

function refuse(text: string, why: string, cause?: Error): UserError {
  return new UserError(
    `Cannot read --until ${JSON.stringify(text.slice(0, 80))}: ${why}. ` +
      "Write a duration like 90m, 12h or 7d, or a time like 2026-01-31 or 2026-01-31T12:00Z",
    { exitCode: EXIT_CODE.usage, ...(cause === undefined ? {} : { cause }) },
  );
}
