import { checkGuardrails } from "../../shared/config/guardrails.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import type { Applied, ApplyPolicy } from "../daemon/policy_applier.ts";
import { standardRegistry } from "../resources/registry.ts";
import { openLocalMachine } from "../system/local_machine.ts";
import { applyBundle } from "./apply_bundle.ts";
import type { NotificationJournal } from "./notification_journal.ts";
import { buildRunReport } from "./run_report.ts";
import { FileSnapshotStore } from "./snapshot_store.ts";

/** What an agent brings to applying its policy. */
export interface PolicySetup {
  readonly paths: RootPaths;
  /** `/var/lib/vigo` under the root; must exist. */
  readonly stateFolder: string;
  readonly journal: NotificationJournal;
}

/** Applies bundles to the machine this process runs on. Open it once: it caches the account tables. */
export async function openPolicyApplier(setup: PolicySetup): Promise<ApplyPolicy> {
  const machine = await openLocalMachine(setup.paths.root);
  const registry = standardRegistry();
  const snapshots = new FileSnapshotStore(
    machine.files,
    `${setup.stateFolder}/snapshots`,
    machine.self,
  );
  return async (bundle, request): Promise<Applied> => {
    const applied = await applyBundle(bundle.resources, {
      registry,
      machine,
      snapshots,
      guardrails: checkGuardrails,
      journal: setup.journal,
      runId: request.runId,
      dryRun: request.dryRun,
      signal: request.signal,
      onProgress: (report) => request.onResource?.(report),
    });
    const { policyVersion, root } = bundle;
    const { runId, trigger } = request;
    return {
      report: buildRunReport(applied, { runId, policyVersion, root, trigger }),
      pendingNotifications: applied.pendingNotifications,
    };
  };
}
