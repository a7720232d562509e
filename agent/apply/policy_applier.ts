import type { PolicyBundle } from "../../shared/config/policy_bundle.ts";
import type { ResourceReport, RunReport } from "../../shared/config/run_report.ts";
import type { FilledMark } from "./filled_mark.ts";
import type { Json } from "../../shared/canonical/canonical_json.ts";

export type Trigger = RunReport["trigger"];

/** How a bundle is applied. */
export interface ApplyRequest {
  readonly runId: string;
  readonly trigger: Trigger;
  readonly dryRun: boolean;
  /** Fresh traits by collector. */
  readonly traits: Readonly<Record<string, Json>>;
  /** Collectors that told nothing this time. */
  readonly failedCollectors: readonly string[];
  /** Ends the run between two resources. */
  readonly signal: AbortSignal;
  /** Told of each resource as it is done. */
  onResource?(resource: ResourceReport): void;
}

/** What an application of a bundle came to. */
export interface Applied {
  readonly report: RunReport;
  /** Notified resources that did not run; the journal that the applier was given keeps them for the next run. */
  readonly pendingNotifications: readonly string[];
  /** By id: what was filled in on this machine; marks of one applier can be compared. */
  readonly filled: ReadonlyMap<string, FilledMark>;
  /** Ids of resources that the policy wants nothing of, since a condition on what the machine is does not hold. */
  readonly unwanted: ReadonlySet<string>;
}

/** Makes a machine be what a bundle says. */
export type ApplyPolicy = (bundle: PolicyBundle, request: ApplyRequest) => Promise<Applied>;
