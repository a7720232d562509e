import { MAX_REPORT_BYTES, runReportSchema } from "../../shared/config/run_report.ts";
import type { ReportResultRequest } from "../../shared/proto/agent.ts";
import type { Store } from "../store/store.ts";
import { convergenceOf, summarizeRun } from "./convergence.ts";
import type { EnvoyState } from "./envoy_state.ts";
import type { ObservationBatcher } from "./observation_batcher.ts";
import { malformed, type RequestRefusal } from "./refusals.ts";

export type ResultAnswer =
  /** `isNew` is false for a report that was stored before. */
  | { readonly ok: true; readonly isNew: boolean }
  | { readonly ok: false; readonly refusal: RequestRefusal };

/** Stores the reports of runs; the same run reported again changes nothing. */
export class ResultService {
  readonly #store: Store;
  readonly #batcher: ObservationBatcher;

  constructor(store: Store, batcher: ObservationBatcher) {
    this.#store = store;
    this.#batcher = batcher;
  }

  /** Durable when it returns, so that the agent may forget the report. */
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
    const isNew = await this.#store.runs.add({
      summary: summarizeRun(report, state.record),
      report,
    });
    if (isNew && !report.dryRun && state.reported) {
      const { failed = 0, blocked = 0, unknown = 0 } = report.counts;
      state.reported.convergence = convergenceOf({ failed, blocked, unknown });
      this.#batcher.add(state);
    }
    return { ok: true, isNew };
  }
}

function refuse(reason: string): ResultAnswer {
  return { ok: false, refusal: malformed(reason) };
}
