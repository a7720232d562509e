import type { RunSummary } from "../../../shared/rest/runs.ts";

/** A run, with those of the same envoy before it that failed in the same way. */
export interface FoldedRun {
  /** The newest. */
  readonly run: RunSummary;
  /** With the newest. */
  readonly count: number;
  /** Of the oldest. */
  readonly firstMs: number;
  /** Whether there may be more of them, since what was looked through ends with it. */
  readonly goesOn: boolean;
}

/**
 * Runs with each row of failures of one envoy as one: whatever else an envoy did in between ends the row, what other envoys
 * did does not. Failures are alike if they were under the same policy and came to the same counts.
 *
 * @param runs newest first.
 * @param hasMore whether there are older ones.
 */
export function foldRuns(runs: readonly RunSummary[], hasMore: boolean): readonly FoldedRun[] {
  const folded: { run: RunSummary; count: number; firstMs: number }[] = [];
  const newestOf = new Map<string, typeof folded[number]>();
  for (const run of runs) {
    const later = newestOf.get(run.envoyUuid);
    if (later && hasFailed(run) && fingerprint(run) === fingerprint(later.run)) {
      later.count += 1;
      later.firstMs = run.startedAtMs;
      continue;
    }
    const row = { run, count: 1, firstMs: run.startedAtMs };
    newestOf.set(run.envoyUuid, row);
    folded.push(row);
  }
  return folded.map((row) => ({
    ...row,
    goesOn: hasMore && newestOf.get(row.run.envoyUuid) === row,
  }));
}

function hasFailed({ outcome }: RunSummary): boolean {
  return outcome === "failed" || outcome === "degraded";
}

function fingerprint(run: RunSummary): string {
  const { policyVersion, outcome, changed, failed, blocked, skipped, unknown, total } = run;
  return JSON.stringify([
    policyVersion,
    outcome,
    changed,
    failed,
    blocked,
    skipped,
    unknown,
    total,
  ]);
}
