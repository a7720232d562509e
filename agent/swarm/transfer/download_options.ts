import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import type { BlobStore } from "../blobs/blob_store.ts";
import type { DiskVerdict } from "../blobs/disk_gate.ts";
import type { EngineLog } from "../runtime/engine_log.ts";
import type { Hasher } from "../hashing/hasher.ts";
import type { PeerClient } from "../peers/peer_client.ts";
import type { ProvenPeer } from "../peers/peer_registry.ts";
import type { SwarmPaths } from "../swarm_paths.ts";
import type { ChunkMemory } from "./chunk_memory.ts";
import type { ChunkOrigins } from "./chunk_origins.ts";
import type { ServerSource } from "./last_resort.ts";

/** What one attempt to fetch a blob needs of the engine. */
export interface DownloadOptions {
  readonly entry: ManifestEntry;
  readonly paths: SwarmPaths;
  readonly store: BlobStore;
  readonly client: Pick<PeerClient, "getBlob" | "getChunk" | "requestRecheck">;
  readonly hasher: Hasher;
  /** Peers that may hold the blob, best guesses first. */
  readonly candidates: () => readonly ProvenPeer[];
  /** Asked for what no peer has. */
  readonly server: ServerSource;
  /** Told of each chunk that is held, and where it came from. */
  readonly origins: ChunkOrigins;
  readonly onPeerFailure: (uuid: string) => void;
  /** A peer sent wrong bytes. */
  readonly onCorruption: (uuid: string) => void;
  /** Whether a peer is left alone because of wrong bytes, whichever download they were meant for. */
  readonly isBenched: (uuid: string) => boolean;
  /** Called when there are new chunks to tell others about. */
  readonly onProgress: () => void;
  readonly checkDisk: () => Promise<DiskVerdict>;
  /** Waits until so many bytes may be received. */
  readonly takeBandwidth: (sizeBytes: number, signal: AbortSignal) => Promise<void>;
  /** For the chunks that arrive. */
  readonly memory: ChunkMemory;
  readonly log: EngineLog;
}
