import { MAX_DIFF_LENGTH, type ResourceReport } from "../../shared/config/run_report.ts";
import type { Result } from "./run_resource.ts";

/** Longest reason the report's schema takes. */
const MAX_REASON_LENGTH = 4096;

/** A result as it is reported: within the limits of a report. */
export function describeResult(
  { outcome, diff, reason }: Result,
): Pick<ResourceReport, "outcome" | "diff" | "reason"> {
  return {
    outcome,
    ...(diff === undefined ? {} : { diff: capText(diff, MAX_DIFF_LENGTH) }),
    // The mark of the cut needs room of its own.
    ...(reason === undefined ? {} : { reason: capText(reason, MAX_REASON_LENGTH - 100) }),
  };
}

/** Cuts text after its last whole line that fits, and says how much is missing. */
export function capText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const lineEnd = text.lastIndexOf("\n", maxLength);
  const end = lineEnd > maxLength / 2 ? lineEnd : maxLength;
  // Not between the two halves of a character.
  const kept = text.slice(0, end).replace(/[\ud800-\udbff]$/, "");
  return `${kept}\n… ${text.length - kept.length} more characters`;
}
