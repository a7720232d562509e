import type { StoredTarget } from "../store/task_store.ts";
import type { ReadResult } from "./read_result.ts";

/** Whether nothing is known of a lost target but that it is lost. */
export function isUnexplained({ verdict, exitCode, output, durationMs }: StoredTarget): boolean {
  return verdict === "lost" && exitCode === null && output === null && durationMs === null;
}

/** The verdict stays, since others went by it; what was learned stands beside it. */
export function explainLate(
  { verdict, exitCode, durationMs, output }: ReadResult,
): Partial<StoredTarget> {
  const exit = exitCode === null ? "" : `, exit=${exitCode}`;
  return {
    exitCode,
    durationMs,
    output,
    reason: `the result came after the deadline: ${verdict}${exit}`,
  };
}
