import { Buffer } from "node:buffer";
import type { ChunkMapFacts } from "../../shared/swarm/chunk_map.ts";

/** A map as it is told to somebody who knows an earlier one, or none. */
export type ToldMap =
  | { readonly map: string | null }
  | { readonly map: null; readonly changes: string };

/**
 * Tells a map: as a whole, or as what is different if the reader knows an earlier one whose sources have the same places,
 * and that is shorter.
 */
export function tellMap(
  known: ChunkMapFacts | undefined,
  map: ChunkMapFacts | undefined,
): ToldMap {
  if (!map) return { map: null };
  const { chunks, sources } = map;
  const whole = { map: Buffer.from(chunks).toString("base64") };
  const isGrown = known !== undefined && known.chunks.length === chunks.length &&
    known.sources.every((source, place) => source === sources[place]);
  if (!isGrown) return whole;
  const changes: number[] = [];
  for (let chunk = 0; chunk < chunks.length; chunk += 1) {
    const place = chunks[chunk] ?? 0;
    if (place === known.chunks[chunk]) continue;
    changes.push(chunk >> 8, chunk & 0xff, place);
    if (changes.length > chunks.length) return whole;
  }
  return { map: null, changes: Buffer.from(changes).toString("base64") };
}
