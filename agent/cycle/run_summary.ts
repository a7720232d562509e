import { Buffer } from "node:buffer";
import type { RunReport } from "../../shared/config/run_report.ts";
import { RunHeartbeat } from "../../shared/proto/agent.ts";

/** What is kept of the last run, until the next: its heartbeat, as JSON can hold it. */
export type KeptHeartbeat = Omit<RunHeartbeat, "root"> & {
  /** Hex. */
  readonly root: string;
};

/** A run, as it travels with the next check-in. */
export function heartbeatOf(report: RunReport): KeptHeartbeat {
  const count = (outcome: keyof RunReport["counts"]) => report.counts[outcome] ?? 0;
  return {
    finishedAtMs: Math.round(report.startedAtMs + report.durationMs),
    durationMs: Math.round(report.durationMs),
    inSync: count("none"),
    changed: count("created") + count("updated") + count("deleted"),
    failed: count("failed"),
    blocked: count("blocked"),
    unknown: count("unknown"),
    skipped: count("skipped"),
    serial: report.serial ?? 0,
    changeStreak: report.changeStreak ?? 0,
    root: report.root,
  };
}

/** The heartbeat that was kept, as a message. */
export function readHeartbeat(text: string | undefined): RunHeartbeat | undefined {
  // Written by this program alone, in one transaction; an earlier version of it wrote fewer members.
  return text === undefined ? undefined : toMessage(JSON.parse(text) as Partial<KeptHeartbeat>);
}

/** The heartbeat of a run, as a message. */
export function toHeartbeat(report: RunReport): RunHeartbeat {
  return toMessage(heartbeatOf(report));
}

function toMessage({ root = "", ...kept }: Partial<KeptHeartbeat>): RunHeartbeat {
  return RunHeartbeat.fromPartial({ ...kept, root: Buffer.from(root, "hex") });
}

/** Whether a run has anything to tell beyond its counts. A dry run is the business of who asked for it. */
export function isWorthReporting(report: RunReport): boolean {
  if (report.dryRun) return false;
  const { changed, failed, blocked, unknown, skipped } = heartbeatOf(report);
  return changed + failed + blocked + unknown + skipped > 0;
}
