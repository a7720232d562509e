/** Some of the items, each at most once, in an order of chance; as many random numbers are drawn as items are. */
export function drawSome<T>(
  items: readonly T[],
  count: number,
  random: () => number = Math.random,
): T[] {
  const left = [...items];
  const drawn: T[] = [];
  while (drawn.length < count && left.length > 0) {
    const at = Math.floor(random() * left.length);
    const last = left.pop();
    const item = left[at] ?? last;
    // What was last takes the place of what was drawn, unless it is that itself.
    if (at < left.length && last !== undefined) left[at] = last;
    if (item !== undefined) drawn.push(item);
  }
  return drawn;
}
