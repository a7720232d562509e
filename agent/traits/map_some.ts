/** Files read side by side: enough to keep a disk busy, few enough for the descriptors of one process. */
const SIDE_BY_SIDE = 32;

/** Maps a list with an asynchronous function, some items at a time, in order. An abort ends it with the signal's reason. */
export async function mapSome<T, R>(
  items: readonly T[],
  signal: AbortSignal,
  map: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += SIDE_BY_SIDE) {
    signal.throwIfAborted();
    results.push(...await Promise.all(items.slice(at, at + SIDE_BY_SIDE).map(map)));
  }
  return results;
}
