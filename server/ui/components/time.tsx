import { formatDuration } from "../../../shared/terminal/duration.ts";
import { formatRelativeTime } from "../../../shared/terminal/relative_time.ts";

/** The last moment that a `Date` holds (ECMA-262, 21.4.1.1). */
const MAX_MS = 8_640_000_000_000_000;

/** When something was, seen from now; exact on hover, in UTC, and in the reader's own time once scripts run. */
export function Time({ ms, nowMs, none = "never" }: {
  ms: number | null;
  nowMs: number;
  none?: string;
}) {
  if (ms === null || Math.abs(ms) > MAX_MS) return <span class="quiet">{none}</span>;
  const iso = new Date(ms).toISOString();
  const exact = `${iso.slice(0, 19).replace("T", " ")} UTC`;
  return <time datetime={iso} title={exact}>{formatRelativeTime(ms, nowMs)}</time>;
}

/** How long something took. */
export function Duration({ ms }: { ms: number | null }) {
  return ms === null ? <span class="quiet">–</span> : <span>{formatDuration(ms)}</span>;
}
