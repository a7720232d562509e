import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import type { SwarmLinks } from "../channel.ts";

/**
 * The links that people find content by. Of several live blobs of one label, the one with the highest stamp is meant.
 *
 * @param held Live entries whose content is here as a whole.
 * @param seeds File names in `seed/` by SHA-256.
 */
export function contentLinks(
  held: readonly ManifestEntry[],
  seeds: ReadonlyMap<string, string>,
): SwarmLinks {
  const newest = new Map<string, ManifestEntry>();
  for (const entry of held) {
    if ((newest.get(entry.label)?.stamp ?? -1) <= entry.stamp) newest.set(entry.label, entry);
  }
  return {
    files: Object.fromEntries([...newest].map(([label, { sha256 }]) => [label, sha256])),
    seeds: Object.fromEntries(seeds),
  };
}
