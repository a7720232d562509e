import type { RunReport } from "../../../shared/config/run_report.ts";

/** A resource that did not come to its state, and where. */
export interface FailedResource {
  readonly id: string;
  readonly crate: string;
  /** Of the newest run. */
  readonly reason: string;
  readonly lastMs: number;
  /** Each envoy once, with its newest run in which it failed. */
  readonly hosts: readonly { readonly hostname: string; readonly runId: string }[];
}

/** A run, as far as its failures are looked at. */
export interface FailedRun {
  readonly runId: string;
  readonly hostname: string;
  readonly startedAtMs: number;
  readonly report: Pick<RunReport, "resources">;
}

/** Failures and blocks of many runs by resource; those of most envoys first, then the newest. */
export function groupFailures(runs: readonly FailedRun[]): readonly FailedResource[] {
  const groups = new Map<
    string,
    FailedResource & { hosts: { hostname: string; runId: string }[] }
  >();
  for (const { runId, hostname, startedAtMs, report } of newestFirst(runs)) {
    for (const { id, crate, outcome, reason = "" } of report.resources) {
      if (outcome !== "failed" && outcome !== "blocked") continue;
      const group = groups.get(id) ?? { id, crate, reason, lastMs: startedAtMs, hosts: [] };
      if (!group.hosts.some((host) => host.hostname === hostname)) {
        group.hosts.push({ hostname, runId });
      }
      groups.set(id, group);
    }
  }
  return [...groups.values()].sort((one, other) =>
    other.hosts.length - one.hosts.length || other.lastMs - one.lastMs
  );
}

function newestFirst(runs: readonly FailedRun[]): readonly FailedRun[] {
  return runs.toSorted((one, other) => other.startedAtMs - one.startedAtMs);
}
