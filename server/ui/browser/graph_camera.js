// @ts-check
// Which part of a picture is seen: all of it, until the reader moves it.

/** Room around the picture, in CSS pixels. */
const MARGIN = 36;
const [MIN_ZOOM, MAX_ZOOM] = [0.05, 6];
/** Largest when nobody asked for more: few nodes would else become balloons. */
const MAX_FIT = 1.9;
/** How much of the way to where it should be the camera goes in one frame. */
const EASE = 0.12;

export class GraphCamera {
  zoom = 1;
  x = 0;
  y = 0;
  /** Whether the reader has chosen what is seen. */
  isHeld = false;
  #isPlaced = false;

  /**
   * Goes towards seeing all. Says whether it moved.
   *
   * @param {Iterable<{ readonly x: number, readonly y: number, readonly radius: number }>} bodies
   * @param {number} width
   * @param {number} height
   * @param {boolean} atOnce
   */
  follow(bodies, width, height, atOnce) {
    if (this.isHeld) return false;
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const { x, y, radius } of bodies) {
      left = Math.min(left, x - radius);
      right = Math.max(right, x + radius);
      top = Math.min(top, y - radius);
      bottom = Math.max(bottom, y + radius);
    }
    if (left > right) return false;
    const fit = Math.min(
      (width - 2 * MARGIN) / Math.max(1, right - left),
      (height - 2 * MARGIN) / Math.max(1, bottom - top),
    );
    const zoom = Math.max(MIN_ZOOM, Math.min(MAX_FIT, fit));
    const share = atOnce || !this.#isPlaced ? 1 : EASE;
    this.#isPlaced = true;
    const [toZoom, toX, toY] = [
      zoom - this.zoom,
      (left + right) / 2 - this.x,
      (top + bottom) / 2 - this.y,
    ];
    this.zoom += toZoom * share;
    this.x += toX * share;
    this.y += toY * share;
    return Math.abs(toZoom) > 0.001 || Math.abs(toX) + Math.abs(toY) > 0.1;
  }

  /**
   * Zooms so that what is under a point stays there.
   *
   * @param {number} factor
   * @param {number} right of the middle of the view, in CSS pixels
   * @param {number} down
   */
  zoomAt(factor, right, down) {
    const zoom = Math.max(MIN_ZOOM, Math.min(MAX_ZOOM, this.zoom * factor));
    this.x += right / this.zoom - right / zoom;
    this.y += down / this.zoom - down / zoom;
    this.zoom = zoom;
    this.isHeld = true;
  }

  /**
   * @param {number} right in CSS pixels
   * @param {number} down
   */
  pan(right, down) {
    this.x -= right / this.zoom;
    this.y -= down / this.zoom;
    this.isHeld = true;
  }

  /** Sees all again. */
  release() {
    this.isHeld = false;
  }
}
