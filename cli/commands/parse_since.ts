import { DurationError, parseDuration } from "../../shared/terminal/duration.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";

/** Forms of time that are read: a day, or a time of ISO 8601 with its zone, so that nobody has to guess whose clock it is. */
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

/**
 * Reads when something begins: how long ago, or a time; a day alone begins at midnight UTC.
 *
 * @returns ms since 1970.
 * @throws {UserError} if it is neither.
 */
export function parseSince(text: string, nowMs: number): number {
  if (TIME.test(text) && Number.isFinite(Date.parse(text))) return Math.max(0, Date.parse(text));
  try {
    return Math.max(0, Math.trunc(nowMs - parseDuration(text)));
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new UserError(
      `Cannot read --since ${
        JSON.stringify(text)
      }: write a duration like 90m, 2h or 7d, or a time like 2026-01-31 or 2026-01-31T12:00Z`,
      { exitCode: EXIT_CODE.usage, cause: error },
    );
  }
}
