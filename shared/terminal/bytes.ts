const UNITS = ["B", "kB", "MB", "GB", "TB", "PB", "EB"] as const;

/**
 * A size for people, in powers of 1000: `0 B`, `312 MB`, `8.3 GB`. One decimal below ten, none from there on.
 *
 * @param bytes At least 0.
 */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // What would be printed as 1000 moves up a unit.
  while (Math.round(value) >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const isSmall = unit > 0 && Math.round(value * 10) < 100;
  const digits = isSmall ? value.toFixed(1).replace(/\.0$/, "") : String(Math.round(value));
  return `${digits} ${UNITS[unit]}`;
}

/** A speed for people, as in `112 MB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}
