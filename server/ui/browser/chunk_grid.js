// @ts-check
// The raster of a chunk map: how big a cell is so that all fits, and the dots of one row. Everything in dots of the canvas.

/**
 * How the chunks of one envoy are laid out. Where not even a dot is left for each, several chunks share one (`cell` is 0).
 * @typedef {{
 *   readonly cell: number,
 *   readonly gap: number,
 *   readonly perLine: number,
 *   readonly lines: number,
 *   readonly height: number,
 *   readonly between: number,
 * }} GridPlan
 */

/** Largest cell, and the smallest that still has a gap to the next. */
const [MOST_CELL, LEAST_WITH_GAP] = [16, 4];

/**
 * Chooses the largest cells with which all rows fit, between a height that can be read and one that can be told apart.
 *
 * @param {{
 *   readonly rows: number,
 *   readonly chunks: number,
 *   readonly width: number,
 *   readonly height: number,
 *   readonly ratio: number,
 * }} room height is what all rows should take together; many take more than that
 * @returns {GridPlan}
 */
export function planGrid({ rows, chunks, width, height, ratio }) {
  const share = height / Math.max(1, rows);
  const between = Math.round((share >= 20 * ratio ? 6 : share >= 8 * ratio ? 2 : 1) * ratio);
  const tallest = Math.max(3 * ratio, Math.min(share - between, 96 * ratio));
  const most = Math.round(MOST_CELL * ratio);
  for (let cell = most; cell >= 1; cell -= 1) {
    const perLine = Math.min(chunks, Math.floor(width / cell));
    if (perLine === 0) continue;
    const lines = Math.ceil(chunks / perLine);
    if (lines * cell > tallest) continue;
    // One line of few cells may be as tall as it is allowed to.
    const height = lines === 1
      ? Math.round(Math.min(tallest, Math.max(cell, 14 * ratio)))
      : lines * cell;
    const gap = cell >= LEAST_WITH_GAP * ratio ? Math.max(1, Math.round(ratio)) : 0;
    return { cell, gap, perLine, lines, height, between };
  }
  const lines = 1;
  return { cell: 0, gap: 0, perLine: width, lines, height: Math.round(tallest), between };
}

/**
 * Paints the chunks of one envoy.
 *
 * @param {Uint32Array} dots `plan.height` rows of `width`, all of which are written
 * @param {number} width
 * @param {GridPlan} plan
 * @param {Uint8Array} places one byte for each chunk
 * @param {Uint32Array} colors a dot for each byte that a place can be
 * @param {number} ground what shows between cells
 */
export function paintRow(dots, width, plan, places, colors, ground) {
  dots.fill(ground);
  if (places.length === 0) return;
  if (plan.cell === 0) paintShared(dots, width, plan.height, places, colors);
  else paintCells(dots, width, plan, places, colors);
}

/**
 * Which chunk lies under a dot of its row; `undefined` between cells and past the last one.
 *
 * @param {GridPlan} plan
 * @param {number} chunks
 * @param {number} width
 * @param {number} x
 * @param {number} y
 * @returns {number | undefined}
 */
export function chunkAt(plan, chunks, width, x, y) {
  if (x < 0 || y < 0 || x >= width || y >= plan.height) return undefined;
  if (plan.cell === 0) return Math.min(chunks - 1, Math.floor(x * chunks / width));
  const column = Math.floor(x / plan.cell);
  const line = plan.lines === 1 ? 0 : Math.floor(y / plan.cell);
  const chunk = line * plan.perLine + column;
  return column < plan.perLine && chunk < chunks ? chunk : undefined;
}

/**
 * @param {Uint32Array} dots
 * @param {number} width
 * @param {GridPlan} plan
 * @param {Uint8Array} places
 * @param {Uint32Array} colors
 */
function paintCells(dots, width, { cell, gap, perLine, lines, height }, places, colors) {
  const size = cell - gap;
  const tall = lines === 1 ? height : size;
  for (let chunk = 0; chunk < places.length; chunk += 1) {
    const color = colors[places[chunk] ?? 0] ?? 0;
    const left = (chunk % perLine) * cell;
    const top = Math.floor(chunk / perLine) * cell;
    for (let y = top; y < top + tall; y += 1) {
      const start = y * width + left;
      // A call for some few dots would cost more than they do.
      if (size > 4) dots.fill(color, start, start + size);
      else for (let dot = start; dot < start + size; dot += 1) dots[dot] = color;
    }
  }
}

/**
 * Several chunks to a dot: the mean of their colours.
 *
 * @param {Uint32Array} dots
 * @param {number} width
 * @param {number} height
 * @param {Uint8Array} places
 * @param {Uint32Array} colors
 */
function paintShared(dots, width, height, places, colors) {
  for (let x = 0; x < width; x += 1) {
    const from = Math.floor(x * places.length / width);
    const to = Math.max(from + 1, Math.floor((x + 1) * places.length / width));
    let [red, green, blue] = [0, 0, 0];
    for (let chunk = from; chunk < to; chunk += 1) {
      const color = colors[places[chunk] ?? 0] ?? 0;
      red += color & 0xff;
      green += (color >>> 8) & 0xff;
      blue += (color >>> 16) & 0xff;
    }
    const count = to - from;
    dots[x] = 0xff000000 | (Math.round(blue / count) << 16) | (Math.round(green / count) << 8) |
      Math.round(red / count);
  }
  for (let y = 1; y < height; y += 1) dots.copyWithin(y * width, 0, width);
}
