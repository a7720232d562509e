/** Longest name compared, in characters: the distance takes time in the product of the lengths. */
const MAX_COMPARED_LENGTH = 64;
/** Below this length every name is near every other. */
const MIN_COMPARED_LENGTH = 3;

/**
 * The known name that `written` was most likely meant to be, or undefined if none is close: at most a third of its letters
 * may differ, counting a swap of two neighbours as one (optimal string alignment distance).
 */
export function nearestName(written: string, known: Iterable<string>): string | undefined {
  if (written.length < MIN_COMPARED_LENGTH || written.length > MAX_COMPARED_LENGTH) {
    return undefined;
  }
  let nearest: string | undefined;
  let least = Math.floor(written.length / 3) + 1;
  for (const name of known) {
    if (name.length > MAX_COMPARED_LENGTH || Math.abs(name.length - written.length) >= least) {
      continue;
    }
    const distance = editDistance(written.toLowerCase(), name.toLowerCase());
    if (distance < least) {
      least = distance;
      nearest = name;
    }
  }
  return nearest;
}

/** ` Did you mean "port"?`, or nothing: the end of a message about an unknown name. */
export function suggestName(written: string, known: Iterable<string>): string {
  const nearest = nearestName(written, known);
  return nearest === undefined ? "" : `. Did you mean ${JSON.stringify(nearest)}?`;
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
