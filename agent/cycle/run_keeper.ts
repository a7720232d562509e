import type { PolicyBundle } from "../../shared/config/policy_bundle.ts";
import type { RunReport } from "../../shared/config/run_report.ts";
import type { CycleParts } from "./cycle_parts.ts";
import type { Applied } from "../apply/policy_applier.ts";
import { heartbeatOf, isWorthReporting, readHeartbeat } from "./run_summary.ts";
import {
  countStreak,
  judgeRun,
  nextRunSerial,
  readSettled,
  type SettledResources,
  writeSettled,
} from "./settled_resources.ts";

/** Judges runs by those before, and keeps of them what the next one and the server are to know. */
export class RunKeeper {
  readonly #parts: Pick<CycleParts, "db" | "log" | "nowMs" | "secrets">;
  /** What `settledResources` holds; undefined until it was looked at. */
  #kept: SettledResources | undefined;

  constructor(parts: Pick<CycleParts, "db" | "log" | "nowMs" | "secrets">) {
    this.#parts = parts;
  }

  /** The report with causes and its place among the runs; kept and queued for the server unless it was a dry run. */
  take({ report, filled, unwanted }: Applied, bundle: PolicyBundle): RunReport {
    const secretEpoch = this.#parts.secrets.epoch;
    const judged = judgeRun(report, bundle.resources, this.#settled(), {
      filled,
      secretEpoch,
      unwanted,
    });
    if (report.dryRun) return judged.report;
    const numbered = this.#number(judged.report);
    this.#keepRun(numbered, judged.settled);
    return numbered;
  }

  #settled(): SettledResources {
    return this.#kept ??= readSettled(this.#parts.db.fact("settledResources"));
  }

  /** Puts a run into the order of this envoy's runs, which no clock decides. */
  #number(report: RunReport): RunReport {
    const { db, nowMs } = this.#parts;
    const before = readHeartbeat(db.fact("heartbeat"));
    const { changed } = heartbeatOf(report);
    return {
      ...report,
      serial: nextRunSerial(before?.serial ?? 0, nowMs()),
      changeStreak: countStreak(before?.changeStreak ?? 0, changed),
    };
  }

  #keepRun(report: RunReport, settled: SettledResources): void {
    const { db, log } = this.#parts;
    const heartbeat = heartbeatOf(report);
    db.setFacts({
      heartbeat: JSON.stringify(heartbeat),
      ...(settled === this.#kept ? {} : { settledResources: writeSettled(settled) }),
    });
    this.#kept = settled;
    const { changed, failed, blocked, unknown } = heartbeat;
    log[isWorthReporting(report) ? "info" : "debug"]("run finished", {
      runId: report.runId,
      trigger: report.trigger,
      ...heartbeat,
    });
    if (!isWorthReporting(report)) return;
    const dropped = db.enqueueReport(
      report.runId,
      new TextEncoder().encode(JSON.stringify(report)),
    );
    if (dropped > 0) log.warn("the report queue is full; the oldest were dropped", { dropped });
    if (failed > 0) log.error("resources failed", { changed, failed, blocked, unknown });
  }
}
