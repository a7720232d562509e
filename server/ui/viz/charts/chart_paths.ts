type Values = readonly (number | undefined)[];

/**
 * The outlines of series on top of each other, as SVG paths in a box one wide for each value and 100 high. Where nothing is
 * known of any of them there is a gap.
 *
 * @param top the amount at the upper edge.
 */
export function areaPaths(series: readonly Values[], top: number): string[] {
  const count = Math.max(0, ...series.map(({ length }) => length));
  const isKnown = (at: number) => series.some((values) => values[at] !== undefined);
  let below: readonly number[] = new Array(count).fill(0);
  return series.map((values) => {
    const above = below.map((sum, at) => sum + (values[at] ?? 0));
    let path = "";
    for (let start = 0; start < count;) {
      if (!isKnown(start)) {
        start += 1;
        continue;
      }
      let end = start;
      while (end < count && isKnown(end)) end += 1;
      path += outline(above, below, start, end, top);
      start = end;
    }
    below = above;
    return path;
  });
}

/** The same as bars with some room between them. */
export function barPaths(series: readonly Values[], top: number): string[] {
  const count = Math.max(0, ...series.map(({ length }) => length));
  const below: number[] = new Array(count).fill(0);
  return series.map((values) =>
    values.map((value, at) => {
      const from = below[at] ?? 0;
      const to = from + (value ?? 0);
      below[at] = to;
      if (to === from) return "";
      return `M${at + 0.12} ${high(from, top)}V${high(to, top)}H${at + 0.88}V${high(from, top)}Z`;
    }).join("")
  );
}

/** Where nothing is known of any series, over the whole height. */
export function gapPath(series: readonly Values[]): string {
  const count = Math.max(0, ...series.map(({ length }) => length));
  let path = "";
  for (let start = 0; start < count; start += 1) {
    let end = start;
    while (end < count && series.every((values) => values[end] === undefined)) end += 1;
    if (end > start) path += `M${start} 0H${end}V100H${start}Z`;
    start = end;
  }
  return path;
}

/** A run of known values; one alone is as wide as its part of the time. */
function outline(
  above: readonly number[],
  below: readonly number[],
  start: number,
  end: number,
  top: number,
): string {
  const there: string[] = [], back: string[] = [];
  for (let at = start; at < end; at += 1) {
    const x = at + 0.5;
    there.push(`${x} ${high(above[at] ?? 0, top)}`);
    back.unshift(`${x} ${high(below[at] ?? 0, top)}`);
  }
  const first = `${start} ${high(above[start] ?? 0, top)}`;
  const last = `${end} ${high(above[end - 1] ?? 0, top)}`;
  const lastBelow = `${end} ${high(below[end - 1] ?? 0, top)}`;
  const firstBelow = `${start} ${high(below[start] ?? 0, top)}`;
  return `M${[first, ...there, last, lastBelow, ...back, firstBelow].join("L")}Z`;
}

function high(amount: number, top: number): string {
  return String(Number((100 - Math.min(1, amount / top) * 100).toFixed(2)));
}
