import type { Convergence, Drift, PolicyState } from "../../shared/rest/envoys.ts";

/** Runs in a row with changes from which on something fights the policy, or never settles. */
export const DIVERGED_RUNS = 3;

/** What decides whether an envoy does what the live policy wants. Roots are hex. */
export interface PolicyFacts {
  /** What is live; `undefined` before anything was published. */
  readonly liveVersion: string | undefined;
  /** What this process last resolved for it; `undefined` before its first check-in here. */
  readonly resolved:
    | { readonly policyVersion: string; readonly tagRevision: number; readonly root: string }
    | undefined;
  /** Whether that could not be done. */
  readonly isUnresolved: boolean;
  /** Of the bundle that it holds. */
  readonly heldVersion: string;
  readonly heldRoot: string;
  readonly tagRevision: number;
  /** Of the bundle that its last run applied. */
  readonly appliedRoot: string;
}

/**
 * Whether the last run of an envoy was of the policy that is wanted of it now. Everything unknown is `pending`: after a
 * publish, a change of tags, or a start of the server, until the envoy has checked in and applied what it was answered.
 */
export function judgePolicy(facts: PolicyFacts): PolicyState {
  const { liveVersion, resolved, heldVersion, heldRoot, appliedRoot, tagRevision } = facts;
  if (liveVersion === undefined) return "none";
  if (resolved === undefined) {
    return heldVersion === liveVersion && heldRoot !== "" && heldRoot === appliedRoot
      ? "live"
      : "pending";
  }
  if (resolved.policyVersion !== liveVersion || resolved.tagRevision !== tagRevision) {
    return "pending";
  }
  if (facts.isUnresolved) return "unresolved";
  return resolved.root === appliedRoot ? "live" : "pending";
}

/**
 * What is true of an envoy now, which is what its last run came to only as long as it answers and that run was of the live
 * policy. Otherwise nothing is known of the present: the last run is told beside it, as the past.
 */
export function judgeStatus(
  { lastRun, isOnline, policy }: {
    readonly lastRun: Convergence;
    readonly isOnline: boolean;
    readonly policy: PolicyState;
  },
): Convergence {
  return isOnline && policy === "live" ? lastRun : "NoData";
}

/** @param changeStreak runs in a row, up to the last, that changed something. */
export function judgeDrift(changeStreak: number): Drift {
  if (changeStreak >= DIVERGED_RUNS) return "Diverged";
  return changeStreak > 0 ? "Changed" : "None";
}
