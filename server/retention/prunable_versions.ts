/** What a publish left in the history, newest first. */
export interface PublishedVersion {
  readonly version: string;
  readonly publishedAtMs: number;
}

/** Versions that stay for a rollback however old they are. */
export const KEPT_VERSIONS = 20;

/**
 * Which published versions nobody needs any more: not live, not published within the retention, and not among the last
 * {@linkcode KEPT_VERSIONS} different ones. A version on disk of which the history does not know is left alone: it may be
 * in the act of being published.
 *
 * @param history newest first; a version published again counts as what it was last.
 */
export function prunableVersions<Version extends string>(
  onDisk: readonly Version[],
  history: readonly PublishedVersion[],
  { live, publishedBeforeMs, keep = KEPT_VERSIONS }: {
    readonly live: string | undefined;
    readonly publishedBeforeMs: number;
    readonly keep?: number;
  },
): Version[] {
  const lastPublished = new Map<string, number>();
  for (const { version, publishedAtMs } of history) {
    const known = lastPublished.get(version) ?? -Infinity;
    lastPublished.set(version, Math.max(known, publishedAtMs));
  }
  // In the order of the history, which the first mention of each decides.
  const recent = new Set([...lastPublished.keys()].slice(0, keep));
  return onDisk.filter((version) => {
    const publishedAtMs = lastPublished.get(version);
    return version !== live && publishedAtMs !== undefined &&
      publishedAtMs < publishedBeforeMs && !recent.has(version);
  });
}
