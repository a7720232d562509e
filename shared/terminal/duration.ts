/** Milliseconds in each unit, largest first. A day is 24 hours. */
const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

/** Longest duration accepted: a century, far below where milliseconds lose precision. */
export const MAX_DURATION_MS = 36_525 * 86_400_000;

const DURATION = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/;

/** Text that is no duration. The message is one line: the text, what was wanted, and examples. */
export class DurationError extends SyntaxError {
  override readonly name = "DurationError";
}

/**
 * Parses a duration such as `90s`, `15m`, `24h`, `30d` or `1h30m`: whole numbers with units, the largest first. `0` needs
 * no unit.
 *
 * @returns Milliseconds.
 * @throws {DurationError} if `text` is no duration, or longer than {@linkcode MAX_DURATION_MS}.
 */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  const amounts = text === "" ? null : DURATION.exec(text)?.slice(1);
  if (!amounts) {
    const remedy = /^\d+$/.test(text.slice(0, 9))
      ? `Add a unit, as in ${text.slice(0, 9)}s`
      : "Write a whole number and a unit, as in 90s, 15m, 24h, 30d or 1h30m";
    throw new DurationError(`Cannot read duration ${quote(text)}. ${remedy}`);
  }
  const ms = UNITS.reduce((sum, [, size], index) => sum + Number(amounts[index] ?? 0) * size, 0);
  if (ms > MAX_DURATION_MS) {
    throw new DurationError(
      `Cannot read duration ${quote(text)}: it is over a century. Write at most 36525d`,
    );
  }
  return ms;
}

/**
 * A duration for people: `42ms`, `3.4s`, `15m`, `1h30m`, `7d`. At most two units, the rest is rounded away.
 *
 * @param ms Milliseconds; less than zero reads as `0s`.
 */
export function formatDuration(ms: number): string {
  if (!(ms >= 0.5)) return "0s";
  if (Math.round(ms) < 1000) return `${Math.round(ms)}ms`;
  if (Math.round(ms / 100) < 100) return `${(ms / 1000).toFixed(1).replace(/\.0$/, "")}s`;
  const largest = UNITS.findIndex(([, size]) => ms >= size);
  // Rounding to the smaller unit may fill the larger one: 59.9 s is 1m.
  const step = UNITS[Math.min(largest + 1, UNITS.length - 2)]?.[1] ?? 1000;
  let rest = Math.round(ms / step) * step;
  let written = "";
  for (const [unit, size] of UNITS) {
    const amount = Math.floor(rest / size);
    if (amount > 0) written += `${amount}${unit}`;
    rest -= amount * size;
  }
  return written;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
