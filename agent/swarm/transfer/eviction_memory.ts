import { join } from "node:path";
import { z } from "zod";
import { writeFileDurable } from "../../../shared/platform/durable_write.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { readIfPresent } from "../blobs/chunk_file.ts";
import type { EngineLog } from "../runtime/engine_log.ts";
import type { SwarmPaths } from "../swarm_paths.ts";

const evictedSchema = z.record(z.string(), z.number());

/**
 * Stamps of blobs whose retention is over here, kept in `.blobs/evicted.json`: only a newer stamp brings such a blob back.
 * A crash before the file is written costs one more download of that blob.
 */
export class EvictionMemory {
  readonly #path: string;
  readonly #stamps: Map<string, number>;

  private constructor(path: string, stamps: Map<string, number>) {
    this.#path = path;
    this.#stamps = stamps;
  }

  /** Reads what earlier runs left; a file that cannot be read counts as empty and is logged. */
  static async open(paths: SwarmPaths, log: EngineLog): Promise<EvictionMemory> {
    const path = join(paths.blobs, "evicted.json");
    const bytes = await readIfPresent(path);
    try {
      const stamps = bytes && evictedSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
      return new EvictionMemory(path, new Map(Object.entries(stamps ?? {})));
    } catch (error) {
      log("warning", "cannot read which blobs were evicted by age", { reason: String(error) });
      return new EvictionMemory(path, new Map());
    }
  }

  /** Whether this very entry, or an older one of the same blob, was evicted. */
  covers({ sha256, stamp }: Pick<ManifestEntry, "sha256" | "stamp">): boolean {
    return (this.#stamps.get(sha256) ?? -1) >= stamp;
  }

  /** Remembers an eviction, and forgets those of blobs that are not `isKnown` to the manifest any more. */
  async remember(
    { sha256, stamp }: Pick<ManifestEntry, "sha256" | "stamp">,
    isKnown: (sha256: string) => boolean,
  ): Promise<void> {
    this.#stamps.set(sha256, stamp);
    for (const known of [...this.#stamps.keys()]) {
      if (!isKnown(known)) this.#stamps.delete(known);
    }
    const content = JSON.stringify(Object.fromEntries(this.#stamps));
    await writeFileDurable(this.#path, content, { mode: 0o600 });
  }
}
