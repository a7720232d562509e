import { isSha256 } from "../../shared/crypto/sha256.ts";
import type { BlobProgress, SwarmProgress } from "../../shared/proto/agent.ts";
import { BLOB_STATUSES, type FilecastHost } from "../../shared/rest/swarm.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";
import type { ProgressSink } from "./progress_sink.ts";

/** Most blobs remembered for one envoy; what it names past them is left out. */
const MAX_BLOBS_PER_ENVOY = 2_000;
/** Most sources of one blob, and longest texts kept; what is longer is cut. */
const MAX_SOURCES = 256;
const MAX_TEXT = 255;
/** Most seed problems remembered for one envoy. */
const MAX_PROBLEMS = 100;

/** How far one envoy has come with one blob. */
export type BlobState = Omit<FilecastHost, "hostname"> & {
  /** When it was complete there, by the server's clock as that envoy knows it. */
  readonly completedAtMs?: number;
};

/** A seed that an envoy may not or cannot originate. */
export interface SeedComplaint {
  readonly label: string;
  readonly reason: string;
}

/** What one envoy has of which blob; `before` is undefined at its first report to this process. */
export interface ProgressNews {
  readonly from: EnvoyState;
  readonly before: ReadonlyMap<string, BlobState> | undefined;
  readonly after: ReadonlyMap<string, BlobState>;
  /** As it was sent. */
  readonly progress: SwarmProgress;
}

export type ProgressListener = (news: ProgressNews) => void;

/** How far each envoy has come with each blob, as far as this process was told; a restart asks for patience. */
export class ProgressTracker implements ProgressSink {
  readonly #blobs = new Map<string, Map<string, BlobState>>();
  readonly #problems = new Map<string, readonly SeedComplaint[]>();
  readonly #onReceived: ProgressListener;

  /** @param onReceived told of each report, with what was known of its envoy before. */
  constructor(onReceived: ProgressListener = () => {}) {
    this.#onReceived = onReceived;
  }

  /** A report is complete: a blob that it does not name is none of the envoy's any more. */
  receive(progress: SwarmProgress, from: EnvoyState): void {
    const { uuid } = from.record;
    const before = this.#blobs.get(uuid);
    const blobs = new Map<string, BlobState>();
    this.#blobs.set(uuid, blobs);
    for (const line of progress.blobs.slice(0, MAX_BLOBS_PER_ENVOY)) {
      const state = parseLine(line);
      if (!state) continue;
      blobs.set(line.sha256, state);
    }
    this.#onReceived({ from, before, after: blobs, progress });
    this.#problems.set(
      uuid,
      progress.problems.slice(0, MAX_PROBLEMS).map(({ label, reason }) => ({
        label: cut(label),
        reason: cut(reason),
      })),
    );
  }

  get(envoyUuid: string, sha256: string): BlobState | undefined {
    return this.#blobs.get(envoyUuid)?.get(sha256);
  }

  /** All that one envoy last said, by blob; `undefined` if it has said nothing to this process. */
  blobsOf(envoyUuid: string): ReadonlyMap<string, BlobState> | undefined {
    return this.#blobs.get(envoyUuid);
  }

  problems(envoyUuid: string): readonly SeedComplaint[] {
    return this.#problems.get(envoyUuid) ?? [];
  }

  /** A blob was revoked: whoever had something of it is to lose it, and the rest is forgotten. */
  noteRevoked(sha256: string): void {
    for (const blobs of this.#blobs.values()) {
      const known = blobs.get(sha256);
      if (!known || known.status === "revoked") continue;
      if (known.chunksHave === 0) blobs.delete(sha256);
      else blobs.set(sha256, { ...known, status: "revoking", sources: {} });
    }
  }

  /** A blob was cast anew or otherwise: only what an envoy holds of it is still true. */
  noteActive(sha256: string): void {
    for (const blobs of this.#blobs.values()) {
      const status = blobs.get(sha256)?.status;
      if (status !== "complete" && status !== "downloading") blobs.delete(sha256);
    }
  }

  /** Forgets a revoked envoy. */
  drop(envoyUuid: string): void {
    this.#blobs.delete(envoyUuid);
    this.#problems.delete(envoyUuid);
  }
}

function parseLine(line: BlobProgress): BlobState | undefined {
  const status = BLOB_STATUSES.find((known) => known === line.status);
  if (!status || !isSha256(line.sha256)) return undefined;
  const sources = Object.entries(line.sources).slice(0, MAX_SOURCES);
  return {
    status,
    chunksHave: line.chunksHave,
    chunksTotal: line.chunksTotal,
    skipReason: cut(line.skipReason),
    sources: Object.fromEntries(sources.map(([source, chunks]) => [cut(source), chunks])),
    origin: line.origin,
    ...(line.completedAtMs === undefined ? {} : { completedAtMs: line.completedAtMs }),
  };
}

function cut(text: string): string {
  return text.slice(0, MAX_TEXT);
}
