import { checkGuardrails } from "../../shared/config/guardrails.ts";
import type { ResourceReport } from "../../shared/config/run_report.ts";
import { identifiedTraits } from "../../shared/templates/identified_traits.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import type { Applied, ApplyPolicy } from "./policy_applier.ts";
import { standardRegistry } from "../resources/registry.ts";
import { openLocalMachine } from "../system/local_machine.ts";
import type { TraitSystem } from "../traits/collector.ts";
import { applyBundle } from "./apply_bundle.ts";
import { FilledMarker } from "./filled_mark.ts";
import { readListeningPorts } from "./machine_facts.ts";
import type { NotificationJournal } from "./notification_journal.ts";
import { buildRunReport } from "./run_report.ts";
import { foreseeRevocation, namedUsers, revokeUnnamed, unnamedUsers } from "./revoke_grants.ts";
import type { SecretTraceStore } from "./secret_traces.ts";
import type { SecretSource } from "./secret_source.ts";
import { FileSnapshotStore } from "./snapshot_store.ts";

/** What an agent brings to applying its policy. */
export interface PolicySetup {
  readonly paths: RootPaths;
  /** `/var/lib/vigo` under the root; must exist. */
  readonly stateFolder: string;
  readonly journal: NotificationJournal;
  readonly secrets: SecretSource;
  readonly secretTraces: SecretTraceStore;
  /** The hostname bound at enrolment, which conditions and templates see whatever the machine calls itself. */
  readonly hostname: string;
  /** Tells which ports are open when a condition asks. */
  readonly system: TraitSystem;
  readonly log: AgentLog;
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
  const { hostname, system } = setup;
  const marker = new FilledMarker();
  const foreseeRevocations = async (named: ReadonlySet<string>): Promise<ResourceReport[]> => {
    const users = await unnamedUsers(machine, named);
    return users.map((user) => foreseeRevocation(machine, user));
  };
  const revoke = async (named: ReadonlySet<string>): Promise<void> => {
    for (const user of await revokeUnnamed(machine, named)) {
      setup.log.info("a user lost its grants, since no resource names it", { user });
    }
  };
  return async (bundle, request): Promise<Applied> => {
    const { traits, failedCollectors, signal } = request;
    const applied = await applyBundle(bundle.resources, {
      registry,
      machine,
      snapshots,
      guardrails: checkGuardrails,
      journal: setup.journal,
      secrets: setup.secrets,
      secretTraces: setup.secretTraces,
      marker,
      runId: request.runId,
      dryRun: request.dryRun,
      signal,
      facts: {
        traits: identifiedTraits({ hostname, traits }),
        failedCollectors,
        listeningPorts: () => readListeningPorts(system, signal),
      },
      onProgress: (report) => request.onResource?.(report),
    });
    const named = signal.aborted ? undefined : namedUsers(bundle.resources, applied.unwanted);
    let foreseen: readonly ResourceReport[] = [];
    try {
      if (named && request.dryRun) foreseen = await foreseeRevocations(named);
      else if (named) await revoke(named);
    } catch (error) {
      setup.log.error("cannot take away what users were granted", { reason: String(error) });
    }
    for (const loss of foreseen) request.onResource?.(loss);
    const { policyVersion, root } = bundle;
    const { runId, trigger } = request;
    return {
      report: buildRunReport(
        { ...applied, resources: [...applied.resources, ...foreseen] },
        { runId, policyVersion, root, trigger },
      ),
      pendingNotifications: applied.pendingNotifications,
      filled: applied.filled,
      unwanted: applied.unwanted,
    };
  };
}
