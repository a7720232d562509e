// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// The live chunk map on its page: a row for each envoy, a cell for each chunk, in the colour of whoever gave it.

import { chunkAt, paintRow, planGrid } from "./chunk_grid.js";
import { followEvents } from "./follow_events.js";
import { tintOf, tintsOf } from "./palette.js";
import { fitCanvas, followScheme, readScheme, wantsCalm } from "./scheme.js";

/** @import { GridPlan } from "./chunk_grid.js" */
/** @import { Scheme } from "./scheme.js" */

/**
 * @typedef {{
 *   hostname: string, status: string, chunksHave: number, chunksTotal: number, origin: boolean,
 *   skipReason: string, sources: Record<string, number>, map: string | null, mapSources: string[], changes?: string,
 * }} ToldRow
 * @typedef {{
 *   told: ToldRow,
 *   places: Uint8Array | undefined,
 *   fresh: ReadonlySet<number>,
 *   isDirty: boolean,
 * }} Row
 */

/** Place of a chunk that is held, nobody knows from whom; no map has so many sources. */
const HELD = 254;
/** Place of a chunk that came just now. */
const FRESH = 253;
/** Room for names, in CSS pixels, where the window is wide; below that they stand above their rows. */
const NAMES_PX = 168;
const WIDE_PX = 640;
/** Height of a name above its row. */
const ABOVE_PX = 17;
/** Height that all rows should take together, as a share of the window. */
const SHARE = 0.68;
/** Time of a frame that rows may take, in ms; those that are left come with the next one. */
const PAINT_MS = 8;
/** How long a chunk that has just come stands out, in ms. */
const FRESH_MS = 700;
const FONT = "12px system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";

class ChunkView {
  /** @type {Map<string, Row>} */
  #rows = new Map();
  /** @type {readonly Row[]} */
  #ordered = [];
  #chunks = 0;
  #canvas;
  #context;
  #figure;
  #legend;
  #card;
  /** @type {Scheme} */
  #scheme;
  /** @type {ReadonlyMap<string, string>} */
  #tags;
  /** @type {ReadonlyMap<string, import("./palette.js").Tint>} */
  #tints = new Map();
  /** @type {GridPlan | undefined} */
  #plan;
  #frame = { left: 0, above: 0, width: 0, height: 0, ratio: 1 };
  #isDue = false;
  #isAllDirty = true;
  #isNews = true;
  /** @type {ImageData | undefined} */
  #image;

  /**
   * @param {HTMLElement} figure
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLElement} legend
   * @param {HTMLElement} card
   * @param {ReadonlyMap<string, string>} tags colours that people chose, by hostname
   */
  constructor(figure, canvas, legend, card, tags) {
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) throw new Error("This browser draws no canvas");
    this.#figure = figure;
    this.#canvas = canvas;
    this.#context = context;
    this.#legend = legend;
    this.#card = card;
    this.#tags = tags;
    this.#scheme = readScheme(figure);
    followScheme(() => {
      this.#scheme = readScheme(figure);
      this.#redraw();
    });
    let width = 0;
    new ResizeObserver(() => {
      if (figure.clientWidth === width) return;
      width = figure.clientWidth;
      this.#redraw();
    }).observe(figure);
    canvas.addEventListener("pointermove", (event) => this.#point(event));
    canvas.addEventListener("pointerleave", () => this.#card.hidden = true);
  }

  forget() {
    this.#rows = new Map();
  }

  /** @param {{ filecast: { chunks: number }, rows: ToldRow[], gone: string[] }} news */
  take({ filecast, rows, gone }) {
    const before = this.#rows.size;
    if (filecast.chunks !== this.#chunks) this.#isAllDirty = true;
    this.#chunks = filecast.chunks;
    for (const hostname of gone) this.#rows.delete(hostname);
    for (const told of rows) this.#rows.set(told.hostname, this.#merge(told));
    if (this.#rows.size !== before || gone.length > 0) {
      this.#isAllDirty = true;
      this.#tints = tintsOf([...this.#rows.keys()].map((host) => [host, this.#tags.get(host)]));
    }
    this.#isNews = true;
    this.#request();
  }

  /** Brings in line what follows from the rows; once a frame, however many of them were told. */
  #arrange() {
    this.#ordered = [...this.#rows.values()].sort((one, other) =>
      Number(other.told.origin) - Number(one.told.origin) ||
      (one.told.hostname < other.told.hostname ? -1 : 1)
    );
    this.#figure.dataset.rows = String(this.#rows.size);
    this.#figure.dataset.held = String(
      this.#ordered.reduce((sum, { told }) => sum + told.chunksHave, 0),
    );
    this.#describe();
  }

  /**
   * @param {ToldRow} told
   * @returns {Row}
   */
  #merge(told) {
    const known = this.#rows.get(told.hostname)?.places;
    let places = told.map === null ? undefined : Uint8Array.from(bytesOf(told.map));
    const fresh = new Set();
    // Where many chunks share a dot none of them stands out.
    const isFlashing = !wantsCalm() && (this.#plan?.cell ?? 0) > 1;
    if (told.changes !== undefined && known) {
      places = known.slice();
      const changes = bytesOf(told.changes);
      for (let at = 0; at + 2 < changes.length; at += 3) {
        const chunk = (changes[at] ?? 0) * 256 + (changes[at + 1] ?? 0);
        places[chunk] = changes[at + 2] ?? 0;
        if (places[chunk] !== 0 && isFlashing) fresh.add(chunk);
      }
    }
    const row = { told, places, fresh, isDirty: true };
    if (fresh.size > 0) {
      setTimeout(() => {
        row.fresh = new Set();
        row.isDirty = true;
        this.#request();
      }, FRESH_MS);
    }
    return row;
  }

  #redraw() {
    this.#isAllDirty = true;
    this.#isNews = true;
    this.#request();
  }

  #request() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      if (this.#isNews) this.#arrange();
      this.#isNews = false;
      this.#paint();
    });
  }

  #paint() {
    if (this.#isAllDirty) this.#lay();
    const plan = this.#plan;
    if (!plan) return;
    const { left, above, width, ratio } = this.#frame;
    const isFitting = this.#image?.width === width && this.#image.height === plan.height;
    const image = isFitting && this.#image || this.#context.createImageData(width, plan.height);
    this.#image = image;
    const dots = new Uint32Array(image.data.buffer);
    const ground = dotOf(this.#scheme.sunk);
    if (this.#isAllDirty) { for (const row of this.#ordered) row.isDirty = true; }
    this.#isAllDirty = false;
    const untilMs = performance.now() + PAINT_MS;
    for (const [at, row] of this.#ordered.entries()) {
      if (!row.isDirty) continue;
      if (performance.now() > untilMs) {
        this.#request();
        break;
      }
      row.isDirty = false;
      const top = this.#topOf(at);
      paintRow(dots, width, plan, this.#placesOf(row), this.#colorsOf(row), ground);
      this.#context.putImageData(image, left, top + above);
      this.#paintName(row, top, plan.height, ratio);
    }
  }

  /** Chooses the size of everything, and clears it. */
  #lay() {
    const rows = this.#ordered.length;
    const wide = this.#figure.clientWidth;
    // Thousands of rows need no finer dots.
    const sharp = Math.min(2, devicePixelRatio || 1);
    const ratio = rows > 200 ? 1 : sharp;
    const isWide = wide >= WIDE_PX;
    const shown = innerHeight * SHARE;
    const hasNames = rows > 0 && shown / rows >= 13;
    const left = isWide && hasNames ? Math.round(NAMES_PX * ratio) : 0;
    const above = !isWide && hasNames && shown / rows >= 13 + ABOVE_PX
      ? Math.round(ABOVE_PX * ratio)
      : 0;
    const width = Math.max(1, Math.floor(wide * ratio) - left);
    const height = Math.max(1, Math.round(shown * ratio) - rows * above);
    const plan = planGrid({ rows, chunks: Math.max(1, this.#chunks), width, height, ratio });
    this.#plan = plan;
    const total = Math.max(1, rows * (plan.height + plan.between + above));
    this.#frame = { left, above, width, height: total, ratio };
    this.#canvas.style.height = `${total / ratio}px`;
    if (ratio === sharp) fitCanvas(this.#canvas, wide, total / ratio);
    else [this.#canvas.width, this.#canvas.height] = [Math.floor(wide), total];
    this.#context.fillStyle = this.#scheme.sunk;
    this.#context.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /** @param {number} at */
  #topOf(at) {
    const plan = this.#plan;
    return plan ? at * (plan.height + plan.between + this.#frame.above) : 0;
  }

  /**
   * @param {Row} row
   * @returns {Uint8Array}
   */
  #placesOf({ told, places, fresh }) {
    const isWhole = told.origin || told.status === "complete";
    if (!isWhole && !places) return new Uint8Array(this.#chunks);
    const shown = places?.slice() ?? new Uint8Array(this.#chunks);
    // Whoever has all of it holds the chunks, too, of which nobody told whose they were.
    if (isWhole) { for (let chunk = 0; chunk < shown.length; chunk += 1) shown[chunk] ||= HELD; }
    for (const chunk of fresh) shown[chunk] = FRESH;
    return shown;
  }

  /** @param {Row} row */
  #colorsOf({ told, places }) {
    const colors = new Uint32Array(256);
    const { sheet, line, soft, ink } = this.#scheme;
    colors.fill(dotOf(soft));
    // Where nobody tells which chunks are held, all cells are as dark as there are many.
    const share = places ? 0 : told.chunksHave / Math.max(1, told.chunksTotal);
    colors[0] = told.origin ? dotOf(sheet) : mix(dotOf(line), dotOf(soft), Math.min(1, share));
    for (const [place, source] of told.mapSources.entries()) {
      colors[place + 1] = dotOf(this.#colorOf(source));
    }
    colors[HELD] = dotOf(told.origin ? this.#colorOf(told.hostname) : soft);
    colors[FRESH] = dotOf(ink);
    return colors;
  }

  /** @param {string} source hostname, `cached` or `server` */
  #colorOf(source) {
    if (source === "cached") return this.#scheme.soft;
    if (source === "server") return this.#scheme.ink;
    const tint = this.#tints.get(source) ?? tintOf(source, this.#tags.get(source));
    return tint[this.#scheme.isDark ? "dark" : "light"];
  }

  /**
   * @param {Row} row
   * @param {number} top
   * @param {number} height
   * @param {number} ratio
   */
  #paintName({ told }, top, height, ratio) {
    const { left, above } = this.#frame;
    if (left === 0 && above === 0) return;
    const context = this.#context;
    const { sunk, ink, soft } = this.#scheme;
    context.fillStyle = sunk;
    if (above > 0) context.fillRect(0, top, this.#canvas.width, above);
    else context.fillRect(0, top, left, height);
    context.save();
    context.scale(ratio, ratio);
    context.font = FONT;
    context.textBaseline = "middle";
    const middle = (above > 0 ? top + above / 2 : top + Math.min(height, 18 * ratio) / 2) / ratio;
    const room = (above > 0 ? this.#canvas.width : left) / ratio - 10;
    const share = told.origin ? "origin" : shareOf(told);
    context.textAlign = "right";
    context.fillStyle = soft;
    context.fillText(share, room, middle);
    const rest = room - context.measureText(share).width - 8;
    context.textAlign = "left";
    context.fillStyle = ink;
    context.fillText(shorten(context, told.hostname, rest), 2, middle);
    context.restore();
  }

  /** Who gave how much, the most first; the colours of the map in words. */
  #describe() {
    /** @type {Map<string, number>} */
    const given = new Map();
    let isUntold = false;
    for (const { told, places } of this.#ordered) {
      if (told.origin) given.set(told.hostname, given.get(told.hostname) ?? 0);
      isUntold ||= !told.origin && told.status === "complete" && !places;
      for (const [source, chunks] of Object.entries(told.sources)) {
        given.set(source, (given.get(source) ?? 0) + chunks);
      }
    }
    const sorted = [...given].sort((one, other) => other[1] - one[1]);
    /** @type {[string, string][]} */
    const entries = sorted.slice(0, 12).map(([source, chunks]) => [
      this.#colorOf(source),
      `${SOURCE_NAMES.get(source) ?? source} · ${chunks}`,
    ]);
    if (sorted.length > 12) entries.push([this.#scheme.soft, `${sorted.length - 12} more`]);
    if (isUntold) entries.push([this.#scheme.soft, "held; from whom was not told"]);
    this.#legend.replaceChildren(...entries.map(([color, text]) => {
      const item = document.createElement("li");
      const mark = document.createElement("span");
      mark.className = "swatch";
      mark.style.backgroundColor = color;
      const name = document.createElement("bdi");
      name.textContent = text;
      item.append(mark, name);
      return item;
    }));
  }

  /** @param {PointerEvent} event */
  #point({ clientX, clientY }) {
    const plan = this.#plan;
    if (!plan) return;
    const { left, top } = this.#canvas.getBoundingClientRect();
    const { ratio, above, left: names, width } = this.#frame;
    const x = (clientX - left) * ratio - names;
    const y = (clientY - top) * ratio;
    const at = Math.floor(y / (plan.height + plan.between + above));
    const row = this.#ordered[at];
    this.#card.hidden = !row;
    if (!row) return;
    const { told, places } = row;
    const chunk = chunkAt(
      plan,
      this.#chunks,
      width,
      Math.floor(x),
      Math.floor(y - this.#topOf(at) - above),
    );
    const name = document.createElement("strong");
    name.textContent = told.hostname;
    const lines = [`${told.status}, ${told.chunksHave} of ${told.chunksTotal} chunks`];
    if (told.skipReason !== "") lines.push(told.skipReason);
    if (chunk !== undefined) {
      const place = places?.[chunk] ?? 0;
      const source = told.mapSources[place - 1];
      const isHeld = place !== 0 || told.origin || told.status === "complete";
      const from = told.origin
        ? "seeded here"
        : source === undefined
        ? "held"
        : `from ${SOURCE_NAMES.get(source) ?? source}`;
      lines.push(`chunk ${chunk}: ${isHeld ? from : places ? "missing" : "not told"}`);
    }
    this.#card.replaceChildren(
      name,
      ...lines.map((text) => {
        const line = document.createElement("span");
        line.textContent = text;
        return line;
      }),
    );
  }
}

/** @type {ReadonlyMap<string, string>} */
const SOURCE_NAMES = new Map([["cached", "was there before"], ["server", "the server"]]);

/** @param {ToldRow} told */
function shareOf({ chunksHave, chunksTotal, status }) {
  if (status === "complete") return "100 %";
  if (status !== "downloading") return status;
  return `${Math.floor(chunksHave / Math.max(1, chunksTotal) * 100)} %`;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} room
 */
function shorten(context, text, room) {
  let shown = text.slice(0, 80);
  if (shown === text && context.measureText(shown).width <= room) return shown;
  while (shown.length > 1 && context.measureText(`${shown}…`).width > room) {
    shown = shown.slice(0, -1);
  }
  return `${shown}…`;
}

/** @param {string} base64 */
function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** A colour as canvas images hold it. @param {string} color `#rrggbb` or `rgb(r, g, b)` */
function dotOf(color) {
  const parts = color.startsWith("#")
    ? [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16))
    : (color.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
  const [red = 0, green = 0, blue = 0] = parts;
  return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
}

/**
 * @param {number} one
 * @param {number} other
 * @param {number} share of the other, 0 to 1
 */
function mix(one, other, share) {
  let mixed = 0xff000000;
  for (const shift of [0, 8, 16]) {
    const [from, to] = [(one >>> shift) & 0xff, (other >>> shift) & 0xff];
    mixed |= Math.round(from + (to - from) * share) << shift;
  }
  return mixed >>> 0;
}

function start() {
  const figure = document.getElementById("chunk-map");
  const canvas = figure?.querySelector("canvas");
  const legend = document.getElementById("chunk-legend");
  const card = document.getElementById("chunk-card");
  const state = document.getElementById("chunk-state");
  if (!figure || !canvas || !legend || !card || !state) return;
  const { sha = "", tags = "[]" } = figure.dataset;
  const view = new ChunkView(figure, canvas, legend, card, new Map(JSON.parse(tags)));
  figure.classList.add("is-live");
  followEvents(`/api/v1/swarm/filecasts/${encodeURIComponent(sha)}/events`, {
    onOpen: () => view.forget(),
    onNews: (news) => view.take(news),
    onState: (isOpen) => {
      state.textContent = isOpen ? "live" : "waiting for the server";
      state.classList.toggle("off", !isOpen);
    },
  });
}

start();
