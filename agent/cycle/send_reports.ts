import { Buffer } from "node:buffer";
import { SIGNED_METHODS } from "../../shared/canonical/envoy_frames.ts";
import { ReportResultRequest } from "../../shared/proto/agent.ts";
import type { CycleParts } from "./cycle_parts.ts";

const REPORT_RESULT = SIGNED_METHODS[1];

/**
 * Sends the run reports that wait, oldest first, until none is left or the server cannot be reached. One that the server will
 * never take is dropped and counted, so that it does not hold up the others.
 */
export async function sendReports(
  { db, caller, log }: Pick<CycleParts, "db" | "caller" | "log">,
): Promise<void> {
  for (let next = db.oldestReport(); next; next = db.oldestReport()) {
    const body = ReportResultRequest.encode(
      { runId: next.runId, report: Buffer.from(next.report) },
    ).finish();
    const outcome = await caller.call(REPORT_RESULT, body);
    if (!outcome.ok && !outcome.failure.isPermanent) {
      log.warn("run reports could not be sent and are kept", {
        waiting: db.countReports(),
        reason: outcome.failure.message,
      });
      return;
    }
    if (!outcome.ok) {
      log.error("server refused a run report for good; it is dropped", {
        runId: next.runId,
        reason: outcome.failure.message,
      });
      db.setFacts({ droppedReports: (db.fact("droppedReports") ?? 0) + 1 });
    }
    db.removeReport(next.sequence);
  }
}
