import { setImmediate } from "node:timers/promises";
import type { Liquid } from "liquidjs";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { GuardedResource, GuardrailVerdict } from "../../shared/config/guardrails.ts";
import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import type { ResourceReport } from "../../shared/config/run_report.ts";
import { createTemplateEngine } from "../../shared/templates/template_engine.ts";
import type { BoundResource, GivenParameters } from "../resources/bind_resource.ts";
import type { Registry } from "../resources/registry.ts";
import type { Machine } from "../system/machine.ts";
import { asksWhatMachineIs, decideCondition } from "./decide_condition.ts";
import { findCause } from "./dependencies.ts";
import { type FilledMark, FilledMarker } from "./filled_mark.ts";
import { fillParameters, holdsSecret, maskParameters } from "./fill_parameters.ts";
import { Foresight, judgeForeseen } from "./foresight.ts";
import { type MachineFacts, NO_FACTS } from "./machine_facts.ts";
import { needsFolder } from "./needs_folder.ts";
import type { NotificationJournal } from "./notification_journal.ts";
import { PendingNotifications } from "./pending_notifications.ts";
import { describeResult } from "./report_text.ts";
import { type Result, runResource } from "./run_resource.ts";
import { redactResult, SecretMask } from "./secret_mask.ts";
import { NO_SECRETS, type SecretSource } from "./secret_source.ts";
import {
  MemoryTraceStore,
  SecretTraces,
  type SecretTraceStore,
  WITHHELD_DIFF,
} from "./secret_traces.ts";
import type { SnapshotStore } from "./snapshot_store.ts";

/** Whether a resource keeps its hands off what the agent itself needs. */
export type Guardrails = (resource: GuardedResource) => GuardrailVerdict;

/** Everything a run needs beside the resources. */
export interface ApplyOptions {
  readonly registry: Registry;
  readonly machine: Machine;
  readonly guardrails: Guardrails;
  readonly journal: NotificationJournal;
  readonly snapshots: SnapshotStore;
  readonly runId: string;
  /** Looks, reports what would change, and changes nothing. */
  readonly dryRun: boolean;
  /** Ends the run within five seconds; what was not reached is skipped. */
  readonly signal: AbortSignal;
  /** What conditions and templates see; nothing if absent. */
  readonly facts?: MachineFacts;
  /** Fills in secrets, and takes them out of diffs and reasons before anybody sees them; has none if absent. */
  readonly secrets?: SecretSource;
  /** Remembers what secrets were written to; forgets it with the run if absent. */
  readonly secretTraces?: SecretTraceStore;
  /** Marks what was filled in; marks can be compared if the same one made them. */
  readonly marker?: FilledMarker;
  /** Told of each resource as it is done. */
  readonly onProgress?: (report: ResourceReport, done: number, total: number) => void;
  /** The time in ms since 1970; the machine's clock if absent. */
  readonly now?: () => number;
}

/** What a run came to; every resource has a report, in the order in which it was applied. */
export interface AppliedResources {
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly dryRun: boolean;
  readonly resources: readonly ResourceReport[];
  /** Ids of resources that were notified and have not acted; the next run's business. */
  readonly pendingNotifications: readonly string[];
  /** By id: what was filled in on this machine, of each resource that was looked at and left something to fill in. */
  readonly filled: ReadonlyMap<string, FilledMark>;
  /** Ids of resources that the policy wants nothing of, since a condition on what the machine is does not hold. */
  readonly unwanted: ReadonlySet<string>;
}

/** Longest time without a turn for the rest of the process: streams and timers of the daemon. */
const SLICE_MS = 16;

/**
 * Applies resources one after the other, in the order given.
 *
 * A resource whose dependency failed, was blocked or cannot be known is skipped, with the cause named; in a dry run it
 * "depends on unknown". Conditions, templates and secrets are worked out when the resource's turn comes. One that waits for
 * a change is looked at only if something that notifies it changed, in this run or in one that was cut off before it got
 * there. A failure of one resource never ends the run.
 */
export async function applyBundle(
  resources: readonly BundleResource[],
  options: ApplyOptions,
): Promise<AppliedResources> {
  const startedAtMs = (options.now ?? Date.now)();
  const start = performance.now();
  const run = new Run(
    options,
    await PendingNotifications.load(options.journal, resources),
    await SecretTraces.load(options.secretTraces ?? new MemoryTraceStore()),
  );
  const reports: ResourceReport[] = [];
  let sliceStart = start;
  for (const resource of resources) {
    const began = performance.now();
    if (began - sliceStart > SLICE_MS) {
      await setImmediate();
      sliceStart = performance.now();
    }
    const result = await run.process(resource);
    const durationMs = Math.round((performance.now() - began) * 100) / 100;
    const report = {
      id: resource.id,
      crate: resource.crate,
      ...describeResult(result),
      durationMs,
    };
    reports.push(report);
    options.onProgress?.(report, reports.length, resources.length);
  }
  return {
    startedAtMs,
    durationMs: performance.now() - start,
    dryRun: options.dryRun,
    resources: reports,
    pendingNotifications: run.pending.list(),
    filled: run.filled,
    unwanted: run.unwanted,
  };
}

/** What became of a resource, and with which parameters; none if it was not looked at. */
interface Processed {
  readonly result: Result;
  readonly params?: Readonly<Record<string, Json>>;
}

/** The state of one run: what each resource came to, and who has been told of a change. */
class Run {
  readonly #results = new Map<string, Result>();
  /** In a dry run: told by something that would change, or that cannot be known (with its id). */
  readonly #wouldNotify = new Set<string>();
  readonly #mightNotify = new Map<string, string>();
  readonly #foresight: Foresight | undefined;
  readonly #facts: MachineFacts;
  readonly #secrets: SecretSource;
  readonly #marker: FilledMarker;
  readonly filled = new Map<string, FilledMark>();
  readonly unwanted = new Set<string>();
  #engine: Liquid | undefined;

  constructor(
    private readonly options: ApplyOptions,
    readonly pending: PendingNotifications,
    private readonly traces: SecretTraces,
  ) {
    this.#foresight = options.dryRun ? new Foresight() : undefined;
    this.#facts = options.facts ?? NO_FACTS;
    this.#secrets = options.secrets ?? NO_SECRETS;
    this.#marker = options.marker ?? new FilledMarker();
  }

  /** The result holds no secret. */
  async process(resource: BundleResource): Promise<Result> {
    const { result, params } = await this.#decide(resource);
    this.#results.set(resource.id, result);
    this.#foresight?.note(resource, params, result);
    for (const id of resource.notify) {
      if (result.outcome === "would_change") this.#wouldNotify.add(id);
      if (result.outcome === "unknown") this.#mightNotify.set(id, resource.id);
    }
    return result;
  }

  async #decide(resource: BundleResource): Promise<Processed> {
    const { dryRun, signal } = this.options;
    if (signal.aborted) return { result: { outcome: "skipped", reason: "the run was stopped" } };
    const cause = findCause(resource, this.#results, dryRun);
    if (cause !== undefined) return { result: cause };
    const notified = this.pending.has(resource.id) || this.#wouldNotify.has(resource.id);
    const waits = resource.when === undefined ? undefined : await this.#wait(resource, notified);
    if (waits !== undefined) {
      // It was told and need not act: no later run owes it anything.
      if (waits.outcome === "none" && notified && !dryRun) await this.pending.remove([resource.id]);
      return { result: this.#redact(waits) };
    }
    const filled = fillParameters(resource, this.#facts, this.#secrets, () => this.#templates());
    if (!filled.ok) return { result: this.#redact({ outcome: "unknown", reason: filled.reason }) };
    if (resource.deferred !== undefined) {
      const masked = this.#masked(resource);
      this.filled.set(resource.id, this.#marker.mark(resource, filled.given.params, masked));
    }
    return await this.#apply(resource, filled.given, notified);
  }

  /** What a resource comes to whose condition does not hold, or cannot be decided; undefined if it is its turn. */
  async #wait(resource: BundleResource, notified: boolean): Promise<Result | undefined> {
    const notifier = notified || !this.options.dryRun
      ? undefined
      : this.#mightNotify.get(resource.id);
    const turn = {
      changed: notifier === undefined ? notified : { ifChanges: notifier },
      awaited: this.#foresight?.changesBefore(resource).nearestId,
    };
    const decision = await decideCondition(resource.when, turn, this.#facts);
    if (decision.state === "unknown") return { outcome: "unknown", reason: decision.reason };
    if (decision.state === "true") return undefined;
    if (asksWhatMachineIs(resource.when)) this.unwanted.add(resource.id);
    return { outcome: "none" };
  }

  async #apply(
    resource: BundleResource,
    given: GivenParameters,
    notified: boolean,
  ): Promise<Processed> {
    const { guardrails, registry } = this.options;
    const fail = (reason: string) => ({
      result: this.#redact({ outcome: "failed", reason }, resource, given),
    });
    const binding = registry.bind(resource.type, given);
    if (!binding.ok) return fail(binding.reason);
    const { params } = binding.resource;
    // Of what will be applied, not of what was sent: part of a path may have come from a template.
    const verdict = guardrails({ ...resource, params });
    if (!verdict.ok) return fail(verdict.reason);
    const result = await this.#run(resource, binding.resource, notified);
    return { result: this.#redact(result, resource, given), params };
  }

  #templates(): Liquid {
    return this.#engine ??= createTemplateEngine();
  }

  #masked(resource: BundleResource): Readonly<Record<string, Json>> | undefined {
    return maskParameters(resource, this.#facts, () => this.#templates());
  }

  #redact(result: Result, resource?: BundleResource, given?: GivenParameters): Result {
    if (result.diff === undefined && result.reason === undefined) return result;
    const { redact } = this.#secrets;
    if (resource === undefined || given === undefined || !holdsSecret(resource)) {
      return redactResult(result, { text: redact, diff: redact });
    }
    const masked = this.#masked(resource);
    const { params: real, secretPlaces } = given;
    return redactResult(result, new SecretMask({ real, masked, secretPlaces }, redact));
  }

  async #run(
    resource: BundleResource,
    bound: BoundResource,
    notified: boolean,
  ): Promise<Result> {
    const { machine, signal, dryRun } = this.options;
    const hasSecret = holdsSecret(resource);
    if (hasSecret && !dryRun) await this.traces.note(resource, bound.params);
    const context = {
      ...machine,
      notified,
      signal,
      snapshots: { keep: (path: string) => this.#keepOld(resource, path) },
      ...(this.#foresight ? { foreseen: this.#foresight.before(resource) } : {}),
    };
    let added: readonly string[] = [];
    const beforeChange = async () => {
      added = await this.pending.add(resource.notify);
    };
    const shown = !hasSecret && this.traces.has(resource, bound.params)
      ? withholdDiff(bound)
      : bound;
    const looked = needsFolder(resource.type, shown);
    const result = await runResource(looked, context, { dryRun, beforeChange });
    if (this.#foresight) {
      const { reliesOnOthers, params } = bound;
      const wantsAbsence = params.ensure === "absent";
      const changes = this.#foresight.changesBefore(resource);
      return judgeForeseen(result, changes, { reliesOnOthers, wantsAbsence });
    }
    // What failed will notify when it succeeds: a refused file must not restart its service on every run. What was
    // left behind by a stopped run may succeed yet, with nobody to see it.
    if (!CHANGES.has(result.outcome) && !signal.aborted) await this.pending.remove(added);
    const isDone = DONE.has(result.outcome);
    if (notified && isDone) await this.pending.remove([resource.id]);
    if (!hasSecret && isDone) await this.traces.settle(resource, bound.params);
    return result;
  }

  /** What a secret is written over may be an older one, which would outlive its rotation in a snapshot. */
  async #keepOld(resource: BundleResource, path: string): Promise<void> {
    const { snapshots, runId } = this.options;
    if (holdsSecret(resource)) await this.traces.noteFile(resource, path);
    else if (!this.traces.has(resource, { path })) await snapshots.keep(runId, path);
  }
}

const CHANGES: ReadonlySet<string> = new Set(["created", "updated", "deleted"]);
const DONE: ReadonlySet<string> = new Set(["none", ...CHANGES]);

/** The same resource, which no longer tells what it finds. */
function withholdDiff(bound: BoundResource): BoundResource {
  return {
    ...bound,
    check: async (context) => {
      const finding = await bound.check(context);
      return finding.kind === "would_change" ? { ...finding, diff: WITHHELD_DIFF } : finding;
    },
  };
}
