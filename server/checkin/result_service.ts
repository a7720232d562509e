import { MAX_REPORT_BYTES, runReportSchema } from "../../shared/config/run_report.ts";
import type { ReportResultRequest } from "../../shared/proto/agent.ts";
import type { Store } from "../store/store.ts";
import { compactRun, summarizeRun } from "../status/summarize_run.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";
import { malformed, type RequestRefusal } from "../fleet/refusals.ts";
import type { RunBook } from "./run_book.ts";

export type ResultAnswer =
  /** `isNew` is false for a report that was stored before, or that is none to store: of a look, or of no change. */
  | { readonly ok: true; readonly isNew: boolean }
  | { readonly ok: false; readonly refusal: RequestRefusal };

export interface ResultServiceOptions {
  readonly store: Pick<Store, "runs">;
  readonly runs: Pick<RunBook, "noteReport">;
  readonly now: () => number;
  /** Told of each run that was stored. */
  readonly onStored: () => void;
}

/** Stores the reports of runs; the same run reported again changes nothing. */
export class ResultService {
  readonly #options: ResultServiceOptions;

  constructor(options: ResultServiceOptions) {
    this.#options = options;
  }

  /**
   * Durable when it returns, so that the agent may forget the report. One that there is no room for is refused for good: the
   * agent forgets it too, and tells how many were dropped.
   */
  async handle(state: EnvoyState, request: ReportResultRequest): Promise<ResultAnswer> {
    if (request.report.length > MAX_REPORT_BYTES) {
      return refuse(
        `report has ${request.report.length} bytes, at most ${MAX_REPORT_BYTES} are accepted`,
      );
    }
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(request.report));
    } catch {
      return refuse("report is not JSON");
    }
    const parsed = runReportSchema.safeParse(value);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      return refuse(`report: ${issue?.path.join(".")}: ${issue?.message}`);
    }
    const report = parsed.data;
    if (report.runId !== request.runId) {
      return refuse(
        `report is of run ${report.runId}, the request of ${
          JSON.stringify(request.runId.slice(0, 64))
        }`,
      );
    }
    const { store, runs, now, onStored } = this.#options;
    const kept = compactRun(report);
    const { reportBytes, reportRuns } = state;
    if (kept && !(reportBytes.hasLeft(now()) && reportRuns.hasLeft(now()))) {
      return refuse(
        "report is not stored: this envoy has sent more of them than there is room for; its next check-in tells how its last run went",
      );
    }
    const isNew = kept !== undefined && await store.runs.add({
      summary: summarizeRun(kept, state.record, now()),
      report: kept,
    });
    if (!report.dryRun) runs.noteReport(state, report);
    if (isNew) {
      reportBytes.spend(request.report.length);
      reportRuns.spend(1);
      onStored();
    }
    return { ok: true, isNew };
  }
}

function refuse(reason: string): ResultAnswer {
  return { ok: false, refusal: malformed(reason) };
}
