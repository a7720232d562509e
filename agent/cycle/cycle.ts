import type { ResourceReport, RunReport } from "../../shared/config/run_report.ts";
import { describePause, readPause } from "../store/pause.ts";
import { agentSelf } from "../traits/agent_self.ts";
import { allTraits, type TraitSnapshot } from "../traits/trait_keeper.ts";
import { CheckIn } from "./check_in.ts";
import type { CycleParts } from "./cycle_parts.ts";
import { DEFAULT_BUNDLE_MAX_AGE_MS, mayApplyOffline } from "./loop_plan.ts";
import type { Trigger } from "../apply/policy_applier.ts";
import { sendReports } from "./send_reports.ts";
import { RunKeeper } from "./run_keeper.ts";
import type { CallFailure } from "../server_link/server_gateway.ts";

/** What is wanted of one cycle. */
export interface CycleRequest {
  readonly trigger: Trigger;
  readonly dryRun: boolean;
  /** Asks the server for the whole bundle. */
  readonly force: boolean;
  readonly signal: AbortSignal;
  onResource?(resource: ResourceReport): void;
}

/** What came of one cycle. */
export interface CycleOutcome {
  /** Absent when the server answered. */
  readonly failure?: CallFailure;
  /** Absent when nothing was applied; `notApplied` says why. */
  readonly report?: RunReport;
  readonly notApplied?: string;
  /** Why the bundle that the server sent was not accepted. */
  readonly refusedBundle?: string;
  readonly renewCertificate: boolean;
  readonly suspectedClone: boolean;
}

/**
 * One turn of the config loop: traits, check-in, what waited in the queue, application, report. The caller holds the
 * cycle lock.
 *
 * Whatever the server hands out is durable before it is used: the clone token before the next request, the bundle before
 * its first resource, a report before it is sent. A crash anywhere repeats at most one application, which changes nothing.
 */
export class Cycle {
  readonly #parts: CycleParts;
  readonly #checkIn: CheckIn;
  readonly #runs: RunKeeper;

  constructor(parts: CycleParts) {
    this.#parts = parts;
    this.#checkIn = new CheckIn(parts);
    this.#runs = new RunKeeper(parts);
  }

  /** Sends all volatile traits with the next check-in, as when the server may have forgotten them. */
  forgetAcknowledged(): void {
    this.#checkIn.forgetAcknowledged();
  }

  async run(request: CycleRequest): Promise<CycleOutcome> {
    const snapshot = await this.#readTraits(request.signal);
    const checkIn = await this.#checkIn.perform(snapshot, request.force);
    if (checkIn.ok) await sendReports(this.#parts);
    const { secrets, held } = this.#parts;
    await secrets.refresh(held.bundle()?.value, checkIn.ok ? checkIn.answer : undefined);
    const run = await this.#applyHeld(request, snapshot, checkIn.ok);
    if (checkIn.ok && run.report) await sendReports(this.#parts);
    return {
      ...run,
      ...(checkIn.ok ? {} : { failure: checkIn.failure }),
      ...(checkIn.ok && checkIn.refusedBundle ? { refusedBundle: checkIn.refusedBundle } : {}),
      renewCertificate: checkIn.ok && checkIn.answer.renewCertificate,
      suspectedClone: checkIn.ok && checkIn.answer.suspectedClone,
    };
  }

  async #readTraits(signal: AbortSignal): Promise<TraitSnapshot> {
    const { traits, db, log, caller, agentVersion, onTraits } = this.#parts;
    const snapshot = await traits.refresh({ signal });
    for (const { name, reason } of snapshot.failed) {
      log.warn("trait collector failed", { collector: name, reason });
    }
    const stableTraits = JSON.stringify(snapshot.stable);
    if (db.fact("stableTraits") !== stableTraits) db.setFacts({ stableTraits });
    const self = agentSelf({
      ...this.#parts.self,
      version: agentVersion,
      nowMs: this.#parts.nowMs(),
      observedHostname: this.#parts.observedHostname(),
      rssBytes: this.#parts.rssBytes(),
      clockOffsetMs: caller.clockOffsetMs,
      queuedReports: db.countReports(),
      failed: snapshot.failed.map(({ name }) => name),
    });
    const whole = { ...snapshot, volatile: { ...snapshot.volatile, agent_self: self } };
    onTraits?.(allTraits(whole));
    return whole;
  }

  /** The agent's own setting, else what the server last said, else a day. */
  #bundleMaxAgeMs(): number {
    const { bundleMaxAgeMs, held } = this.#parts;
    return bundleMaxAgeMs ?? held.envoy()?.value.checkin.bundleMaxAgeMs ??
      DEFAULT_BUNDLE_MAX_AGE_MS;
  }

  async #applyHeld(
    request: CycleRequest,
    snapshot: TraitSnapshot,
    isOnline: boolean,
  ): Promise<{ report?: RunReport; notApplied?: string }> {
    const { db, held, apply, log, nowMs, onRun } = this.#parts;
    const bundle = held.bundle()?.value;
    if (!bundle) return { notApplied: "no policy was received yet" };
    if (!isOnline) {
      const verdict = mayApplyOffline(db.fact("lastAnsweredAtMs"), nowMs(), this.#bundleMaxAgeMs());
      if (!verdict.ok) {
        log.warn("the cached policy is too old to apply", { reason: verdict.reason });
        return { notApplied: verdict.reason };
      }
    }
    const pause = readPause(db, nowMs());
    // A look changes nothing.
    if (pause && !request.dryRun) return { notApplied: describePause(pause, nowMs()) };
    if (request.signal.aborted) return { notApplied: "stopping" };
    const applied = await apply(bundle, {
      runId: crypto.randomUUID(),
      trigger: isOnline ? request.trigger : "offline",
      dryRun: request.dryRun,
      traits: allTraits(snapshot),
      failedCollectors: snapshot.failed.map(({ name }) => name),
      signal: request.signal,
      ...(request.onResource ? { onResource: request.onResource } : {}),
    });
    const report = this.#runs.take(applied, bundle);
    if (!request.dryRun) onRun?.(report);
    return { report };
  }
}
