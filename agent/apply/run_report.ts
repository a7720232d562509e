import {
  MAX_REPORT_BYTES,
  OUTCOMES,
  type ResourceReport,
  type RunReport,
} from "../../shared/config/run_report.ts";
import type { AppliedResources } from "./apply_bundle.ts";
import { capText } from "./report_text.ts";

/** What identifies a run. */
export type RunIdentity = Pick<RunReport, "runId" | "policyVersion" | "root" | "trigger">;

/** Bytes of what is added to a report later: a run's number with its streak, and the cause of one change. */
const NUMBER_BYTES = 64;
const CAUSE_BYTES = `,"cause":"intentional"`.length;

/** Tried one after the other until the report fits: how much of a diff and of a reason is kept. */
const SHORTER = [
  { diff: 4096, reason: 2048 },
  { diff: 512, reason: 512 },
  { diff: 0, reason: 256 },
];

/**
 * The record of a run: counts of every outcome, and a report for each resource that did not come to `none`. One that would
 * exceed {@linkcode MAX_REPORT_BYTES} is cut: first its diffs and reasons become shorter, then resources are left out, the
 * ones that went well first; the counts stay true and `truncated` says so.
 */
export function buildRunReport(applied: AppliedResources, identity: RunIdentity): RunReport {
  const worthTelling = applied.resources.filter(({ outcome }) => outcome !== "none");
  const report = assemble(applied, identity, worthTelling, false);
  if (finalSizeOf(report) <= MAX_REPORT_BYTES) return report;
  for (const limits of SHORTER) {
    const shortened = worthTelling.map((resource) => shorten(resource, limits));
    const candidate = assemble(applied, identity, shortened, true);
    if (finalSizeOf(candidate) <= MAX_REPORT_BYTES) return candidate;
  }
  return dropUntilItFits(
    applied,
    identity,
    worthTelling.map((r) => shorten(r, { diff: 0, reason: 256 })),
  );
}

/** How a resource came out decides how soon it is left out of a report that is too large. */
const IMPORTANCE: readonly string[] = ["failed", "blocked", "unknown"];

function dropUntilItFits(
  applied: AppliedResources,
  identity: RunIdentity,
  resources: readonly ResourceReport[],
): RunReport {
  const ranked = [...resources].sort((a, b) => rank(a) - rank(b));
  let room = MAX_REPORT_BYTES - finalSizeOf(assemble(applied, identity, [], true));
  const kept = new Set<ResourceReport>();
  for (const resource of ranked) {
    room -= sizeOf(resource) + 1 + CAUSE_BYTES;
    if (room < 0) break;
    kept.add(resource);
  }
  return assemble(applied, identity, resources.filter((resource) => kept.has(resource)), true);
}

function rank({ outcome }: ResourceReport): number {
  const index = IMPORTANCE.indexOf(outcome);
  return index === -1 ? IMPORTANCE.length : index;
}

function assemble(
  { startedAtMs, durationMs, dryRun, resources: all }: AppliedResources,
  identity: RunIdentity,
  resources: readonly ResourceReport[],
  truncated: boolean,
): RunReport {
  return {
    schema: 1,
    ...identity,
    startedAtMs,
    durationMs: Math.round(durationMs * 100) / 100,
    dryRun,
    counts: countOutcomes(all),
    resources: [...resources],
    truncated,
  };
}

function countOutcomes(resources: readonly ResourceReport[]): RunReport["counts"] {
  const count = (wanted: string) => resources.filter(({ outcome }) => outcome === wanted).length;
  // Proven by construction: every outcome is a key.
  return Object.fromEntries(OUTCOMES.map((outcome) => [outcome, count(outcome)])) as RunReport[
    "counts"
  ];
}

function shorten(
  { diff, reason, ...rest }: ResourceReport,
  limits: { readonly diff: number; readonly reason: number },
): ResourceReport {
  return {
    ...rest,
    ...(diff === undefined || limits.diff === 0 ? {} : { diff: capText(diff, limits.diff) }),
    ...(reason === undefined ? {} : { reason: capText(reason, limits.reason) }),
  };
}

/** What a report takes once its run has a number and each change its cause. */
function finalSizeOf(report: RunReport): number {
  return sizeOf(report) + NUMBER_BYTES + report.resources.length * CAUSE_BYTES;
}

function sizeOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
