// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// What a canvas has to know of the page around it: colours, and whether anything may move.

/**
 * @typedef {{
 *   readonly isDark: boolean,
 *   readonly ink: string,
 *   readonly soft: string,
 *   readonly line: string,
 *   readonly sheet: string,
 *   readonly sunk: string,
 * }} Scheme
 */

/** Asked once: every frame looks at them. */
const DARK = matchMedia("(prefers-color-scheme: dark)");
const CALM = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * The colours of the page as they are now; a variable of the style may name two of them, so each is read where it is used.
 *
 * @param {HTMLElement} place
 * @returns {Scheme}
 */
export function readScheme(place) {
  const probe = document.createElement("span");
  probe.className = "viz-probe";
  place.append(probe);
  /** @param {string} name */
  const read = (name) => {
    probe.dataset.probe = name;
    return getComputedStyle(probe).color;
  };
  const scheme = {
    isDark: DARK.matches,
    ink: read("ink"),
    soft: read("soft"),
    line: read("line"),
    sheet: read("sheet"),
    sunk: read("sunk"),
  };
  probe.remove();
  return scheme;
}

/** Whether the reader wants pictures to stand still. */
export function wantsCalm() {
  return CALM.matches;
}

/** @param {() => void} onChange called when the colours change, or whether anything may move */
export function followScheme(onChange) {
  for (const query of [DARK, CALM]) query.addEventListener("change", onChange);
}

/**
 * Gives a canvas as many dots as the screen has where it stands.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number} width in CSS pixels
 * @param {number} height in CSS pixels
 * @returns {number} dots to a pixel
 */
export function fitCanvas(canvas, width, height) {
  // More than twice is not seen, and costs.
  const ratio = Math.min(2, devicePixelRatio || 1);
  const [columns, rows] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== columns) canvas.width = columns;
  if (canvas.height !== rows) canvas.height = rows;
  return ratio;
}
