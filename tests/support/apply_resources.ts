import {
  type AppliedResources,
  applyBundle,
  type ApplyOptions,
} from "../../agent/apply/apply_bundle.ts";
import { MemoryJournal } from "../../agent/apply/notification_journal.ts";
import { NO_SNAPSHOTS } from "../../agent/apply/snapshot_store.ts";
import { standardRegistry } from "../../agent/resources/registry.ts";
import type { Machine } from "../../agent/system/machine.ts";
import { type BundleResource, bundleResourceSchema } from "../../shared/config/policy_bundle.ts";

/** A resource of a bundle, by its id and whatever else matters to a test. */
export function bundleResource(
  id: string,
  fields: Partial<BundleResource> | Record<string, unknown> = {},
): BundleResource {
  const [type, name] = id.split(/:(.*)/s);
  return bundleResourceSchema.parse({
    id,
    type,
    name,
    crate: "base",
    source: "configcrates/base.vgo:1:1",
    dependsOn: [],
    notify: [],
    params: {},
    ...fields,
  });
}

/** Applies resources to a machine, as an agent that allows everything and keeps nothing. */
export function applyResources(
  machine: Machine,
  resources: readonly BundleResource[],
  options: Partial<ApplyOptions> = {},
): Promise<AppliedResources> {
  return applyBundle(resources, {
    registry: standardRegistry(),
    machine,
    guardrails: () => ({ ok: true }),
    journal: new MemoryJournal(),
    snapshots: NO_SNAPSHOTS,
    runId: "00000000-0000-4000-8000-000000000000",
    dryRun: false,
    signal: new AbortController().signal,
    ...options,
  });
}

/** What each resource came to: `none`, or `failed: why`. */
export function outcomesOf({ resources }: AppliedResources): Record<string, string> {
  return Object.fromEntries(
    resources.map(({ id, outcome, reason }) => [id, reason ? `${outcome}: ${reason}` : outcome]),
  );
}
