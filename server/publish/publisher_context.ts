import type { Sha256 } from "../../shared/crypto/sha256.ts";
import type { HostFacts } from "../resolve/compile_host.ts";
import type { ResourceCatalog } from "../stacks/resource_catalog.ts";
import type { FleetChanges } from "./host_changes.ts";
import type { Refusal } from "./refusal.ts";
import type { VersionLog, VersionRecord } from "./version_log.ts";
import type { VersionStore } from "./version_store.ts";

/** Picks versions to be removed. */
export type ChoosePrunable = (
  onDisk: readonly Sha256[],
  history: readonly VersionRecord[],
  live: Sha256 | undefined,
) => readonly Sha256[];

/** What publishing needs from the rest of the server. */
export interface PublisherContext {
  readonly store: VersionStore;
  readonly log: VersionLog;
  /** Every enrolled host with its latest traits, which are best made when they are asked for. */
  readonly knownHosts: () => Iterable<HostFacts>;
  readonly nowMs: () => number;
  /** Why nothing may be published or rolled back now, if so. */
  readonly frozen?: (what: string) => Promise<Refusal | undefined>;
  /** Says for each secret that policies name and nobody has set who needs it. */
  readonly missingSecrets?: (needs: FleetChanges["secrets"]) => Promise<readonly string[]>;
  readonly catalog?: ResourceCatalog;
}
