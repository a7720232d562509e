import type { Logger } from "../../shared/platform/logging.ts";
import type { serverTime } from "../../shared/rest/enroll.ts";
import type { z } from "zod";
import type { AuditLog } from "../audit/audit_log.ts";
import type { Authority } from "../enroll/certificate_authority.ts";
import type { EnrollService } from "../enroll/enroll_service.ts";
import type { EnrollTokenService } from "../enroll/enroll_tokens.ts";
import type { FleetDocuments } from "../documents/fleet_documents.ts";
import type { RenewalService } from "../enroll/renewal.ts";
import type { BundleKeeper } from "../status/bundle_keeper.ts";
import type { MinuteRecorder } from "../status/minute_recorder.ts";
import type { PuddleEvictions } from "../puddle/puddle_evictions.ts";
import type { QueueBlocks } from "../poolq/queue_blocks.ts";
import type { QueueMesh } from "../poolq/queue_mesh.ts";
import type { SecretBackend } from "../secrets/secret_backend.ts";
import type { SecretDesk } from "../secrets/secret_desk.ts";
import type { SecretVault } from "../secrets/secret_vault.ts";
import type { Store } from "../store/store.ts";
import type { SwarmPictures } from "../swarm/compose_pictures.ts";
import type { FilecastService } from "../swarm/filecast_service.ts";
import type { FreeSpace } from "../swarm/free_space.ts";
import type { ManifestStore } from "../swarm/manifest_store.ts";
import type { ProgressTracker } from "../swarm/progress_tracker.ts";
import type { SwarmOverview } from "../swarm/swarm_overview.ts";
import type { SwarmSection } from "../config/swarm_section.ts";
import type { Probe } from "../tasks/health_probe.ts";
import type { TaskDesk } from "../tasks/task_desk.ts";
import type { AgentService } from "./agent_service.ts";
import type { AgentStreams } from "../fleet/agent_streams.ts";
import type { CheckInService } from "./check_in_service.ts";
import type { EnvoyAdmin } from "../fleet/envoy_admin.ts";
import type { EnvoyEditor } from "../fleet/envoy_editor.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import type { ObservationBatcher } from "./observation_batcher.ts";
import type { PolicyResolver } from "../fleet/policy_resolver.ts";
import type { PushTracker } from "../fleet/push_tracker.ts";

export interface FleetOptions {
  readonly store: Store;
  readonly authority: Authority;
  readonly audit: AuditLog;
  readonly resolver: PolicyResolver;
  readonly logger: Logger;
  readonly now: () => number;
  /** `server.hostname`. */
  readonly serverHostname: string;
  /** The `swarm:` section of `server.yaml`, if there is one. */
  readonly swarm: SwarmSection | undefined;
  readonly intervalMs: number;
  /** `checkin.bundle_max_age`, in ms. */
  readonly bundleMaxAgeMs: number;
  readonly renewGraceMs: number;
  /** The port where agents check in, as enrolments are told. */
  readonly grpcPort: () => number;
  /** The line that a person runs on a new machine. */
  readonly enrollCommand: (token: string) => string;
  /** `seed/` and `.blobs/` of the server host's own envoy. */
  readonly seedFolder: string;
  readonly blobFolder: string;
  readonly minFreePercent: number;
  readonly secrets: SecretBackend;
  /** Probes health checks of tasks; for tests. */
  readonly probe?: Probe;
  readonly freeSpace?: (folder: string) => Promise<FreeSpace>;
}

/** Everything that serves envoys, and what the REST listener needs of it. */
export interface Fleet {
  readonly index: FleetIndex;
  readonly streams: AgentStreams;
  readonly agents: AgentService;
  readonly checkIns: Pick<CheckInService, "counts">;
  readonly vault: SecretVault;
  readonly secrets: Pick<SecretDesk, "counts">;
  readonly enrolments: EnrollService;
  readonly tokens: EnrollTokenService;
  readonly renewals: RenewalService;
  readonly envoys: EnvoyAdmin;
  readonly filecasts: FilecastService;
  readonly overview: SwarmOverview;
  readonly pictures: SwarmPictures;
  readonly progress: ProgressTracker;
  readonly manifest: ManifestStore;
  readonly fleetDocuments: FleetDocuments;
  readonly queues: QueueMesh;
  readonly queueBlocks: QueueBlocks;
  readonly puddleEvictions: PuddleEvictions;
  /** Active envoys whose gate lets them carry queues. */
  countQueueEnvoys(): number;
  readonly batcher: ObservationBatcher;
  readonly bundles: BundleKeeper;
  readonly editor: EnvoyEditor;
  readonly pushes: PushTracker;
  readonly minutes: MinuteRecorder;
  readonly tasks: TaskDesk;
  /** The server's signed clock, for an agent whose own is too wrong for TLS. */
  serverTime(nonce: string): z.output<typeof serverTime.answer>;
  /** Ends streams and calls, then writes what waits. Nothing acknowledged is lost. */
  stop(): Promise<void>;
}
