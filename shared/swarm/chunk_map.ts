import { MAX_CHUNKS } from "./chunk_layout.ts";

/** Most sources of one map that have a name; later ones are told apart no more. */
export const MAX_MAP_SOURCES = 254;
/** The byte of a chunk that came from a source past those. */
const OTHER_SOURCE = MAX_MAP_SOURCES + 1;
/** Longest name of a source that is read, in UTF-16 code units. */
const MAX_SOURCE_LENGTH = 255;

/** Which chunks of a blob are held, and where each came from, as it travels; see `ChunkMap` of the agent protocol. */
export interface ChunkMapFacts {
  /** One byte for each chunk: 0 where it is not held, else 1 + the place of its source; 255 is any past the last. */
  readonly chunks: Uint8Array<ArrayBuffer>;
  /** Hostnames, `cached` or `server`. */
  readonly sources: readonly string[];
}

/** A map that grows as chunks arrive. */
export class ChunkMapWriter {
  readonly #chunks: Uint8Array<ArrayBuffer>;
  readonly #places = new Map<string, number>();

  private constructor(length: number) {
    this.#chunks = new Uint8Array(length);
  }

  /** An empty map; `undefined` if the blob has none or more chunks than a map is made of ({@linkcode MAX_CHUNKS}). */
  static of(length: number): ChunkMapWriter | undefined {
    return length > 0 && length <= MAX_CHUNKS ? new ChunkMapWriter(length) : undefined;
  }

  get length(): number {
    return this.#chunks.length;
  }

  has(chunk: number): boolean {
    return (this.#chunks[chunk] ?? 0) !== 0;
  }

  set(chunk: number, source: string): void {
    this.#chunks[chunk] = this.#placeOf(source);
  }

  clear(chunk: number): void {
    this.#chunks[chunk] = 0;
  }

  /** A copy of what is known now. */
  facts(): ChunkMapFacts {
    return { chunks: this.#chunks.slice(), sources: [...this.#places.keys()] };
  }

  #placeOf(source: string): number {
    const known = this.#places.get(source);
    if (known !== undefined) return known;
    if (this.#places.size >= MAX_MAP_SOURCES) return OTHER_SOURCE;
    const place = this.#places.size + 1;
    this.#places.set(source, place);
    return place;
  }
}

/**
 * Reads a map that came from outside; `undefined` if it has another length than the blob has chunks, more chunks or sources
 * than are accepted, or names a source that it does not list.
 */
export function readChunkMap(
  { chunks, sources }: { readonly chunks: Uint8Array; readonly sources: readonly string[] },
  length: number,
): ChunkMapFacts | undefined {
  if (chunks.length !== length || length > MAX_CHUNKS) return undefined;
  if (sources.length > MAX_MAP_SOURCES) return undefined;
  const isNamed = (place: number) => place <= sources.length || place === OTHER_SOURCE;
  if (!chunks.every(isNamed)) return undefined;
  return {
    chunks: new Uint8Array(chunks),
    sources: sources.map((source) => source.slice(0, MAX_SOURCE_LENGTH)),
  };
}
