import type { ManifestEntry } from "./manifest_entry.ts";

/**
 * The order of two cells of one blob and author: the higher stamp is newer; at equal stamps revoked wins. What an author
 * signed twice under one stamp is ordered by its signature, so that every envoy keeps the same one.
 *
 * @returns A positive number if `one` is the newer.
 */
export function compareCells(one: ManifestEntry, other: ManifestEntry): number {
  return one.stamp - other.stamp || revokedRank(one) - revokedRank(other) ||
    compareText(one.signature, other.signature);
}

/** The order in which cells are kept when there are too many: stamp, then blob, then author. */
export function compareForKeeping(one: ManifestEntry, other: ManifestEntry): number {
  return one.stamp - other.stamp || compareText(one.sha256, other.sha256) ||
    compareText(one.author, other.author);
}

/** The order of the cells of one blob when they are told as one: stamp, then revoked, then author. */
export function compareAuthors(one: ManifestEntry, other: ManifestEntry): number {
  return one.stamp - other.stamp || revokedRank(one) - revokedRank(other) ||
    compareText(one.author, other.author);
}

/** Orders strings of ASCII alone, such as hex digits. */
export function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function revokedRank({ state }: ManifestEntry): number {
  return state === "revoked" ? 1 : 0;
}
