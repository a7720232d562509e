import { Buffer } from "node:buffer";
import type { SwarmProgress } from "../../shared/proto/agent.ts";
import { type ChunkMapFacts, readChunkMap } from "../../shared/swarm/chunk_map.ts";

/** Most maps remembered for one envoy. */
const MAX_MAPS_PER_ENVOY = 8;
/** Most bytes of all maps together; those of the envoys that were silent for longest are forgotten past it. */
const MAX_BYTES = 64 * 1024 * 1024;

/** A map as it was told, never changed afterwards: as long as it says the same it is the same object. */
export type KnownMap = ChunkMapFacts;

/** Which chunks of which blobs envoys hold, and from whom, as far as they tell it one by one. */
export class ChunkMapBook {
  /** By envoy, the one that was silent for longest first. */
  readonly #maps = new Map<string, Map<string, KnownMap>>();
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param maxBytes another bound of all maps together, for tests. */
  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes the maps of a report. What it says nothing of any more is forgotten, unless that blob is complete: then the last
   * map tells where its chunks came from.
   *
   * @param chunksOf how many chunks a blob has; `undefined` if nobody knows it.
   */
  receive(
    envoyUuid: string,
    { blobs }: SwarmProgress,
    chunksOf: (sha256: string) => number | undefined,
  ): void {
    const before = this.#maps.get(envoyUuid);
    const maps = new Map<string, KnownMap>();
    for (const { sha256, status, chunkMap } of blobs) {
      if (maps.size >= MAX_MAPS_PER_ENVOY) break;
      const chunks = chunkMap && chunksOf(sha256);
      const told = chunks === undefined || !chunkMap ? undefined : readChunkMap(chunkMap, chunks);
      const known = before?.get(sha256);
      const isKept = told ? isSame(told, known) : status === "complete";
      const map = isKept ? known : told;
      if (map) maps.set(sha256, map);
    }
    this.drop(envoyUuid);
    if (maps.size === 0) return;
    this.#maps.set(envoyUuid, maps);
    this.#bytes += weigh(maps);
    this.#makeRoom();
  }

  get(envoyUuid: string, sha256: string): KnownMap | undefined {
    return this.#maps.get(envoyUuid)?.get(sha256);
  }

  /** Forgets an envoy. */
  drop(envoyUuid: string): void {
    const maps = this.#maps.get(envoyUuid);
    if (!maps) return;
    this.#bytes -= weigh(maps);
    this.#maps.delete(envoyUuid);
  }

  #makeRoom(): void {
    for (const envoyUuid of this.#maps.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.drop(envoyUuid);
    }
  }
}

function isSame(one: KnownMap, other: KnownMap | undefined): boolean {
  return other !== undefined && Buffer.compare(one.chunks, other.chunks) === 0 &&
    one.sources.length === other.sources.length &&
    one.sources.every((source, place) => source === other.sources[place]);
}

function weigh(maps: ReadonlyMap<string, KnownMap>): number {
  let bytes = 0;
  for (const { chunks, sources } of maps.values()) {
    bytes += chunks.length + sources.reduce((sum, { length }) => sum + length, 0);
  }
  return bytes;
}
