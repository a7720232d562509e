import type { ResourceReport, RunReport } from "../../shared/config/run_report.ts";
import { formatDuration } from "../../shared/terminal/duration.ts";
import { sanitize, sanitizeLines } from "../../shared/terminal/sanitize.ts";

/** Longest outcome, so that the names of resources stand below each other. */
const OUTCOME_WIDTH = "would change".length;

/** One resource as it is shown when it is done; nothing for one that was as it should be. */
export function renderResource({ id, outcome, diff, reason }: ResourceReport): string {
  if (outcome === "none") return "";
  const words = outcome.replace("_", " ").padEnd(OUTCOME_WIDTH);
  const why = reason === undefined ? "" : `: ${sanitize(reason)}`;
  const details = diff === undefined || diff === ""
    ? ""
    : sanitizeLines(diff).trimEnd().split("\n").map((line) => `    ${line}\n`).join("");
  return `${words}  ${sanitize(id)}${why}\n${details}`;
}

const COUNTED = [
  ["none", "in sync"],
  ["created", "created"],
  ["updated", "updated"],
  ["deleted", "deleted"],
  ["would_change", "would change"],
  ["skipped", "skipped"],
  ["blocked", "blocked"],
  ["unknown", "unknown"],
  ["failed", "failed"],
] as const;

/** The last line of a run: `12 resources: 10 in sync, 2 updated (35ms)`. */
export function renderSummary({ counts, durationMs }: RunReport): string {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const parts = COUNTED.filter(([outcome]) => (counts[outcome] ?? 0) > 0)
    .map(([outcome, words]) => `${counts[outcome]} ${words}`);
  const list = parts.length > 0 ? `: ${parts.join(", ")}` : "";
  return `${total} resource${total === 1 ? "" : "s"}${list} (${formatDuration(durationMs)})\n`;
}
