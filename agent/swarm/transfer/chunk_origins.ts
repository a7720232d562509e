import type { Bitmap } from "../../../shared/swarm/bitmap.ts";
import { type ChunkMapFacts, ChunkMapWriter } from "../../../shared/swarm/chunk_map.ts";

/** Blobs whose chunks are told one by one: those that were begun last. */
const MAX_TOLD = 4;
/** A download that is over is told for so long, in ms: its last report is sent a second after it, or later by a busy machine. */
const TOLD_AFTER_END_MS = 60_000;

interface Told {
  readonly writer: ChunkMapWriter;
  endedAtMs: number | undefined;
}

/** Where the chunks of the latest downloads came from, one by one, for whoever watches them arrive. In memory alone. */
export class ChunkOrigins {
  readonly #told = new Map<string, Told>();
  readonly #now: () => number;

  /** @param now a clock that never jumps, in ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** An attempt begins with these chunks; what an earlier one noted of them still holds. */
  begin(sha256: string, have: Bitmap): void {
    const writer = this.#told.get(sha256)?.writer;
    this.#told.delete(sha256);
    const isSame = writer?.length === have.length;
    const next = isSame ? writer : ChunkMapWriter.of(have.length);
    if (!next) return;
    for (let chunk = 0; chunk < have.length; chunk += 1) {
      if (!have.has(chunk)) next.clear(chunk);
      else if (!next.has(chunk)) next.set(chunk, "cached");
    }
    this.#told.set(sha256, { writer: next, endedAtMs: undefined });
    const [oldest] = this.#told.keys();
    if (this.#told.size > MAX_TOLD && oldest !== undefined) this.#told.delete(oldest);
  }

  /** @param source hostname of the peer that gave it, or `server`. */
  note(sha256: string, chunk: number, source: string): void {
    this.#told.get(sha256)?.writer.set(chunk, source);
  }

  /** A chunk that was there turned out to be damaged. */
  lose(sha256: string, chunk: number): void {
    this.#told.get(sha256)?.writer.clear(chunk);
  }

  /** The attempt is over, however it ended. */
  end(sha256: string): void {
    const told = this.#told.get(sha256);
    if (told) told.endedAtMs = this.#now();
  }

  /** What to tell of a blob; `undefined` if nothing is. */
  tell(sha256: string): ChunkMapFacts | undefined {
    const told = this.#told.get(sha256);
    if (!told) return undefined;
    if (told.endedAtMs !== undefined && this.#now() - told.endedAtMs > TOLD_AFTER_END_MS) {
      this.#told.delete(sha256);
      return undefined;
    }
    return told.writer.facts();
  }
}
