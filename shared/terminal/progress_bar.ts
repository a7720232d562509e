import { formatRate } from "./bytes.ts";
import { displayWidth, truncate } from "./display_width.ts";
import { formatDuration } from "./duration.ts";
import { sanitize } from "./sanitize.ts";

export interface Progress {
  /** What makes progress, such as a hostname; made safe before it is printed. */
  readonly label: string;
  /** How much is done, 0 to 1. Anything else is taken to the nearer end, and no number to 0. */
  readonly fraction: number;
  readonly bytesPerSecond?: number;
  /** Expected time until it is done. */
  readonly remainingMs?: number;
}

export interface ProgressBarOptions {
  /** Cells the label is padded or cut to, so that bars stand below each other. Default: its own width. */
  readonly labelWidth?: number;
  /** Cells of the bar itself. Default 24. */
  readonly barWidth?: number;
}

/** One line without its end: `web-01  [############------------]   50%  112 MB/s  3s left`. */
export function renderProgressBar(progress: Progress, options: ProgressBarOptions = {}): string {
  const { barWidth = 24 } = options;
  const safe = sanitize(progress.label);
  const labelWidth = options.labelWidth ?? displayWidth(safe);
  const label = truncate(safe, labelWidth);
  const fraction = Math.min(1, Math.max(0, progress.fraction || 0));
  // Rounded down, so that a full bar and 100% mean done.
  const filled = Math.floor(fraction * barWidth);
  const percent = `${Math.floor(fraction * 100)}%`.padStart(4);
  const pieces = [
    label + " ".repeat(labelWidth - displayWidth(label)),
    `[${"#".repeat(filled)}${"-".repeat(barWidth - filled)}]`,
    percent,
  ];
  if (progress.bytesPerSecond !== undefined) pieces.push(formatRate(progress.bytesPerSecond));
  if (progress.remainingMs !== undefined && fraction < 1) {
    pieces.push(`${formatDuration(progress.remainingMs)} left`);
  }
  return pieces.join("  ");
}
