import { Buffer } from "node:buffer";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import { SIGNED_METHODS } from "../../shared/canonical/envoy_frames.ts";
import type { ResourceReport, RunReport } from "../../shared/config/run_report.ts";
import type { Opened, SignedBytes } from "../../shared/crypto/signed_document.ts";
import { CheckInRequest, CheckInResponse, ReportResultRequest } from "../../shared/proto/agent.ts";
import type { SecretKeeper } from "../secrets/secret_keeper.ts";
import type { AgentDatabase } from "../store/agent_database.ts";
import { describePause, readPause } from "../store/pause.ts";
import { type AgentFacts, agentSelf } from "../traits/agent_self.ts";
import { allTraits, type TraitKeeper, type TraitSnapshot } from "../traits/trait_keeper.ts";
import { encodeStableTraits } from "../traits/traits_digest.ts";
import { buildCheckIn } from "./build_check_in.ts";
import { formatEndpoint } from "./format_endpoint.ts";
import type { HeldDocuments } from "./held_documents.ts";
import { DEFAULT_BUNDLE_MAX_AGE_MS, mayApplyOffline } from "./loop_plan.ts";
import type { ApplyPolicy, Trigger } from "./policy_applier.ts";
import { heartbeatOf, isWorthReporting, readHeartbeat } from "./run_summary.ts";
import type { CallFailure } from "./server_gateway.ts";
import {
  countStreak,
  judgeRun,
  nextRunSerial,
  readSettled,
  type SettledResources,
  writeSettled,
} from "./settled_resources.ts";
import type { SignedCaller } from "./signed_caller.ts";

/** Where a cycle tells what happened; the shape of the product's logger. */
export interface CycleLog {
  debug(message: string, properties?: Record<string, unknown>): void;
  info(message: string, properties?: Record<string, unknown>): void;
  warn(message: string, properties?: Record<string, unknown>): void;
  error(message: string, properties?: Record<string, unknown>): void;
}

/** What the swarm engine adds to a check-in. */
export interface SwarmFacts {
  readonly manifestDigest: Uint8Array;
  /** From where on the server's whole manifest is wanted; empty if it is not. */
  readonly manifestSince: string;
  /** Port of the peer server; 0 while none runs. */
  readonly port: number;
  /** Configured address of the peer server, host:port; empty for the address on the LAN, as it is at each check-in. */
  readonly announced: string;
}

/** No engine runs. */
export const NO_SWARM: SwarmFacts = {
  manifestDigest: new Uint8Array(),
  manifestSince: "",
  port: 0,
  announced: "",
};

/** What a cycle works with. */
export interface CycleParts {
  readonly agentVersion: string;
  /** What the agent says of itself in its traits, as far as it stays the same. */
  readonly self: Pick<
    AgentFacts,
    "root" | "executable" | "hostname" | "envoyUuid" | "pid" | "startedAtMs"
  >;
  readonly db: AgentDatabase;
  readonly held: HeldDocuments;
  readonly caller: SignedCaller;
  readonly traits: TraitKeeper;
  readonly apply: ApplyPolicy;
  readonly secrets: Pick<SecretKeeper, "epoch" | "refresh">;
  readonly log: CycleLog;
  readonly bundleMaxAgeMs: number | undefined;
  nowMs(): number;
  intervalMs(): number;
  /** Memory of this process. */
  rssBytes(): number;
  observedHostname(): string;
  lanAddress(): Promise<string>;
  swarm(): SwarmFacts;
  /** Told of every answer after what it brought is kept. */
  onAnswer?(answer: CheckInResponse): void;
  /** Told of each run once it is kept. */
  onRun?(report: RunReport): void;
  /** Told of the traits of each cycle. */
  onTraits?(traits: Readonly<Record<string, Json>>): void;
}

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

type CheckInResult =
  | { readonly ok: true; readonly answer: CheckInResponse; readonly refusedBundle?: string }
  | { readonly ok: false; readonly failure: CallFailure };

/** Answers in a row to one check-in: the first, one with the traits, one with the fleet document it asked for. */
const MAX_ROUNDS = 3;
/** Difference to the server's clock that is not worth a correction: transport and rounding. */
const CLOCK_TOLERANCE_MS = 1_000;

const CHECK_IN = SIGNED_METHODS[0];
const REPORT_RESULT = SIGNED_METHODS[1];

/**
 * One turn of the config loop: traits, check-in, what waited in the queue, application, report. The caller holds the
 * cycle lock.
 *
 * Whatever the server hands out is durable before it is used: the clone token before the next request, the bundle before
 * its first resource, a report before it is sent. A crash anywhere repeats at most one application, which changes nothing.
 */
export class Cycle {
  readonly #parts: CycleParts;
  /** Volatile traits that the server has from this process. */
  #acknowledged: Readonly<Record<string, Json>> = {};
  /** What `settledResources` holds; undefined until it was looked at. */
  #kept: SettledResources | undefined;

  constructor(parts: CycleParts) {
    this.#parts = parts;
  }

  /** Sends all volatile traits with the next check-in, as when the server may have forgotten them. */
  forgetAcknowledged(): void {
    this.#acknowledged = {};
  }

  async run(request: CycleRequest): Promise<CycleOutcome> {
    const snapshot = await this.#readTraits(request.signal);
    const checkIn = await this.#checkIn(snapshot, request.force);
    if (checkIn.ok) await this.#drainReports();
    const { secrets, held } = this.#parts;
    await secrets.refresh(held.bundle()?.value, checkIn.ok ? checkIn.answer : undefined);
    const run = await this.#applyHeld(request, snapshot, checkIn.ok);
    if (checkIn.ok && run.report) await this.#drainReports();
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

  async #checkIn(
    snapshot: TraitSnapshot,
    force: boolean,
  ): Promise<CheckInResult> {
    const { db, held, caller, log } = this.#parts;
    const stable = encodeStableTraits(snapshot.stable);
    const lanAddress = await this.#parts.lanAddress();
    let sendsStable = false;
    let sendsFleet = false;
    for (let round = 1;; round++) {
      const droppedReports = db.fact("droppedReports") ?? 0;
      const bundle = held.bundle()?.value;
      const fleet = held.fleet();
      const heartbeat = readHeartbeat(db.fact("heartbeat"));
      const swarm = this.#parts.swarm();
      const body = CheckInRequest.encode(buildCheckIn({
        agentVersion: this.#parts.agentVersion,
        observedHostname: this.#parts.observedHostname(),
        lanAddress,
        intervalMs: this.#parts.intervalMs(),
        ...(bundle ? { bundle } : {}),
        stable,
        sendsStable,
        volatile: snapshot.volatile,
        acknowledged: this.#acknowledged,
        fleetSerial: fleet?.value.serial ?? 0,
        envoySerial: held.envoy()?.value.serial ?? 0,
        cloneToken: db.fact("cloneToken") ?? new Uint8Array(),
        ...(sendsFleet && fleet ? { heldFleetDocument: fleet.signed } : {}),
        ...(heartbeat ? { heartbeat } : {}),
        droppedReports,
        force,
        secretEpoch: this.#parts.secrets.epoch,
        manifestDigest: swarm.manifestDigest,
        manifestSince: swarm.manifestSince,
        swarmAddress: swarmAddress(swarm, lanAddress),
        pause: readPause(db, this.#parts.nowMs()),
      })).finish();
      const askedAtMs = this.#parts.nowMs();
      const outcome = await caller.call(CHECK_IN, body);
      if (!outcome.ok) return outcome;
      const answeredAtMs = this.#parts.nowMs();
      let answer: CheckInResponse;
      try {
        answer = CheckInResponse.decode(outcome.value);
      } catch (error) {
        const message = `the answer to a check-in cannot be read: ${
          error instanceof Error ? error.message : error
        }`;
        return { ok: false, failure: { message, clockSuspected: false } };
      }
      // The token first: whatever the answer says may lead to another request.
      db.setFacts({
        cloneToken: new Uint8Array(answer.cloneToken),
        lastAnsweredAtMs: answeredAtMs,
        intervalMs: answer.intervalMs,
        droppedReports: Math.max(0, (db.fact("droppedReports") ?? 0) - droppedReports),
      });
      this.#acknowledged = { ...this.#acknowledged, ...snapshot.volatile };
      this.#correctClock(answer.serverTimeMs, (askedAtMs + answeredAtMs) / 2);
      const refusedBundle = this.#takeDocuments(answer);
      this.#parts.onAnswer?.(answer);
      const asksMore = answer.wantTraits || answer.wantFleetDocument;
      const said = { ok: true, answer, ...(refusedBundle ? { refusedBundle } : {}) } as const;
      if (!asksMore) return said;
      if (round === MAX_ROUNDS) {
        log.warn("server keeps asking for more; leaving it for the next check-in");
        return said;
      }
      sendsStable ||= answer.wantTraits;
      sendsFleet ||= answer.wantFleetDocument;
      if (answer.wantTraits) this.#acknowledged = {};
    }
  }

  /** The channel is authenticated both ways, so its clock needs no signature of its own here. */
  #correctClock(serverTimeMs: number, localMs: number): void {
    const { caller, log } = this.#parts;
    if (serverTimeMs === 0) return;
    const offsetMs = Math.round(serverTimeMs - localMs);
    if (Math.abs(offsetMs - caller.clockOffsetMs) <= CLOCK_TOLERANCE_MS) return;
    const kept = Math.abs(offsetMs) <= CLOCK_TOLERANCE_MS ? 0 : offsetMs;
    if (kept !== 0) log.warn("clock differs from the server's", { offsetMs });
    caller.correctClock(kept);
  }

  /** @returns why a bundle was refused. */
  #takeDocuments(answer: CheckInResponse): string | undefined {
    const { held, log } = this.#parts;
    const take = <T>(
      what: string,
      signed: SignedBytes | undefined,
      keep: (signed: SignedBytes) => Opened<T>,
    ) => {
      if (!signed) return undefined;
      const verdict = keep(signed);
      if (verdict.ok) {
        log.info(`${what} accepted`, describe(verdict.value));
        return undefined;
      }
      log.error(`${what} refused`, { reason: verdict.reason });
      return verdict.reason;
    };
    take("fleet document", answer.fleetDocument, (signed) => held.takeFleet(signed));
    take("envoy document", answer.envoyDocument, (signed) => held.takeEnvoy(signed));
    return take("policy bundle", answer.bundle, (signed) => held.takeBundle(signed));
  }

  async #drainReports(): Promise<void> {
    const { db, caller, log } = this.#parts;
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
    const judged = judgeRun(applied.report, bundle.resources, this.#settled(), {
      filled: applied.filled,
      unwanted: applied.unwanted,
      secretEpoch: this.#parts.secrets.epoch,
    });
    if (request.dryRun) return { report: judged.report };
    const report = this.#number(judged.report);
    this.#keepRun(report, judged.settled);
    onRun?.(report);
    return { report };
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

function swarmAddress({ port, announced }: SwarmFacts, lanAddress: string): string {
  if (port === 0) return "";
  return announced || (lanAddress === "" ? "" : formatEndpoint(lanAddress, port));
}

function describe(value: unknown): Record<string, unknown> {
  const { serial, policyVersion } = Object(value);
  return policyVersion === undefined ? { serial } : { serial, policyVersion };
}
