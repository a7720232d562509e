import { setImmediate } from "node:timers/promises";
import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import type { ResourceReport } from "../../shared/config/run_report.ts";
import type { Registry } from "../resources/registry.ts";
import type { Machine } from "../system/machine.ts";
import { findCause } from "./dependencies.ts";
import type { NotificationJournal } from "./notification_journal.ts";
import { PendingNotifications } from "./pending_notifications.ts";
import { describeResult } from "./report_text.ts";
import { type Result, runResource } from "./run_resource.ts";
import type { SnapshotStore } from "./snapshot_store.ts";

/** Whether a resource keeps its hands off what the agent itself needs. */
export type Guardrails = (
  resource: BundleResource,
) => { readonly ok: true } | { readonly ok: false; readonly reason: string };

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
  /** Takes secrets out of diffs and reasons before anybody sees them. */
  readonly redact?: (text: string) => string;
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
}

/** Longest time without a turn for the rest of the process: streams and timers of the daemon. */
const SLICE_MS = 16;

/**
 * Applies resources one after the other, in the order given.
 *
 * A resource whose dependency failed, was blocked or cannot be known is skipped, with the cause named; in a dry run it
 * "depends on unknown". A resource with `when: changed` is looked at only if something that notifies it changed, in this
 * run or in one that was cut off before it got there. A failure of one resource never ends the run.
 */
export async function applyBundle(
  resources: readonly BundleResource[],
  options: ApplyOptions,
): Promise<AppliedResources> {
  const startedAtMs = (options.now ?? Date.now)();
  const start = performance.now();
  const run = new Run(options, await PendingNotifications.load(options.journal, resources));
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
      ...describeResult(result, options.redact),
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
  };
}

/** The state of one run: what each resource came to, and who has been told of a change. */
class Run {
  readonly #results = new Map<string, Result>();
  /** In a dry run: told by something that would change, or that cannot be known (with its id). */
  readonly #wouldNotify = new Set<string>();
  readonly #mightNotify = new Map<string, string>();

  constructor(private readonly options: ApplyOptions, readonly pending: PendingNotifications) {}

  async process(resource: BundleResource): Promise<Result> {
    const result = await this.#decide(resource);
    this.#results.set(resource.id, result);
    for (const id of resource.notify) {
      if (result.outcome === "would_change") this.#wouldNotify.add(id);
      if (result.outcome === "unknown") this.#mightNotify.set(id, resource.id);
    }
    return result;
  }

  async #decide(resource: BundleResource): Promise<Result> {
    const { dryRun, signal, guardrails, registry } = this.options;
    if (signal.aborted) return { outcome: "skipped", reason: "the run was stopped" };
    const cause = findCause(resource, this.#results, dryRun);
    if (cause !== undefined) return cause;
    const notified = this.pending.has(resource.id) || this.#wouldNotify.has(resource.id);
    if (resource.when === "changed" && !notified) {
      const notifier = this.#mightNotify.get(resource.id);
      return notifier === undefined || !dryRun
        ? { outcome: "none" }
        : { outcome: "unknown", reason: `runs if ${notifier} changes, which is unknown` };
    }
    const verdict = guardrails(resource);
    if (!verdict.ok) return { outcome: "failed", reason: verdict.reason };
    const binding = registry.bind(resource.type, resource.params);
    if (!binding.ok) return { outcome: "failed", reason: binding.reason };
    return await this.#run(resource, binding.resource, notified);
  }

  async #run(
    resource: BundleResource,
    bound: Parameters<typeof runResource>[0],
    notified: boolean,
  ): Promise<Result> {
    const { machine, snapshots, runId, signal, dryRun } = this.options;
    const context = {
      ...machine,
      notified,
      signal,
      snapshots: { keep: (path: string) => snapshots.keep(runId, path) },
    };
    let added: readonly string[] = [];
    const beforeChange = async () => {
      added = await this.pending.add(resource.notify);
    };
    const result = await runResource(bound, context, { dryRun, beforeChange });
    if (dryRun) return result;
    // What failed will notify when it succeeds: a refused file must not restart its service on every run. What was
    // left behind by a stopped run may succeed yet, with nobody to see it.
    if (!CHANGES.has(result.outcome) && !signal.aborted) await this.pending.remove(added);
    if (notified && DONE.has(result.outcome)) await this.pending.remove([resource.id]);
    return result;
  }
}

const CHANGES: ReadonlySet<string> = new Set(["created", "updated", "deleted"]);
const DONE: ReadonlySet<string> = new Set(["none", ...CHANGES]);
