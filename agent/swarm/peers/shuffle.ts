/** The same items in an order that chance decides. `random` gives numbers from 0 to below 1. */
export function shuffle<T>(items: readonly T[], random: () => number = Math.random): T[] {
  return items.map((item) => ({ item, rank: random() }))
    .sort((one, other) => one.rank - other.rank).map(({ item }) => item);
}
