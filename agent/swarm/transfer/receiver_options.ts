import type { TargetDecision } from "../../../shared/swarm/target_decision.ts";
import type { TargetSubject } from "../../../shared/targeting/target_subject.ts";
import type { BlobStore } from "../blobs/blob_store.ts";
import type { EngineLog } from "../runtime/engine_log.ts";
import type { TaskScope } from "../runtime/task_scope.ts";
import type { Hasher } from "../hashing/hasher.ts";
import type { ManifestBook } from "../manifest/manifest_book.ts";
import type { PeerClient } from "../peers/peer_client.ts";
import type { ProvenPeer } from "../peers/peer_registry.ts";
import type { SwarmPaths } from "../swarm_paths.ts";
import type { ServerSource } from "./last_resort.ts";

/** What a receiver needs of the engine. */
export interface ReceiverOptions {
  readonly paths: SwarmPaths;
  readonly store: BlobStore;
  readonly book: ManifestBook;
  readonly client: PeerClient;
  readonly hasher: Hasher;
  readonly targets: TargetDecision;
  readonly scope: TaskScope;
  readonly hostname: string;
  readonly minFreePercent: number;
  readonly now: () => number;
  readonly subject: () => TargetSubject;
  /** Whether the gates let this envoy fetch. */
  readonly isOpen: () => boolean;
  /** Whether this envoy originates the blob, so that there is nothing to fetch. */
  readonly isSeed: (sha256: string) => boolean;
  readonly candidates: (sha256: string) => readonly ProvenPeer[];
  /** Asked for what no peer has. */
  readonly server: ServerSource;
  readonly onPeerFailure: (uuid: string) => void;
  readonly takeBandwidth: (sizeBytes: number, signal: AbortSignal) => Promise<void>;
  /** Called when a blob was begun, advanced, completed or removed. */
  readonly onChange: (kind: "chunk" | "blob") => void;
  readonly log: EngineLog;
}
