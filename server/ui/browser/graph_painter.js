// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// Draws a swarm on a canvas: what flows as arcs with dots that travel, envoys as discs, names where there is room for them.

import { hasName, MANY } from "./named_nodes.js";

/** @import { Scheme } from "./scheme.js" */
/** @import { GraphCamera } from "./graph_camera.js" */

/**
 * @typedef {{
 *   readonly id: string,
 *   readonly name: string,
 *   readonly color: string,
 *   readonly isOnline: boolean,
 *   readonly isActive: boolean,
 *   readonly isSeeding: boolean,
 *   readonly isDownloading: boolean,
 *   readonly isServer: boolean,
 *   readonly weight: number,
 *   readonly body: { readonly x: number, readonly y: number, readonly radius: number },
 * }} PaintedNode
 *
 * @typedef {{
 *   readonly nodes: readonly PaintedNode[],
 *   readonly flows: readonly PaintedFlow[],
 *   readonly camera: GraphCamera,
 *   readonly scheme: Scheme,
 *   readonly width: number,
 *   readonly height: number,
 *   readonly ratio: number,
 *   readonly chosen: string | undefined,
 * }} Picture nodes and flows come with the weightiest first
 *
 * @typedef {{
 *   readonly from: PaintedNode,
 *   readonly to: PaintedNode,
 *   readonly sizeBytes: number,
 *   readonly phase: number,
 * }} PaintedFlow
 */

/** Flows on which dots travel, the largest; on the others they would be a blur. */
const MAX_TRAVELLED = 160;
/** Arcs drawn while everything moves, the largest. */
const MAX_MOVING = 250;
/** Names drawn at most, among few nodes and among many: the weightiest, and whoever is pointed at. */
const [MAX_NAMES, MAX_NAMES_OF_MANY] = [120, 42];
/** With more flows than this each is paler, so that together they are no blanket. */
const CALM_FLOWS = 300;
/** How far an arc bends, as a share of its length. */
const BEND = 0.14;
/** A dot's way from one end to the other, in ms. */
const TRAVEL_MS = 2_600;
const NAME_PX = 12;
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";

export class GraphPainter {
  #context;
  #over;
  /** Squares that the dots of the last frame lie in. @type {(readonly [number, number, number])[]} */
  #dots = [];
  /** Widths of names, which cost to measure. @type {Map<string, number>} */
  #widths = new Map();

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLCanvasElement} over of the same size, above it
   */
  constructor(canvas, over) {
    const context = canvas.getContext("2d");
    const overContext = over.getContext("2d");
    if (!context || !overContext) throw new Error("This browser draws no canvas");
    this.#context = context;
    this.#over = overContext;
  }

  /**
   * Paints all that stands still.
   *
   * @param {Picture} picture
   * @param {boolean} isMoving whether the next frame will be another: then fewer arcs do
   */
  paint({ nodes, flows, camera, scheme, width, height, ratio, chosen }, isMoving) {
    const context = this.#context;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const { zoom, x, y } = camera;
    context.translate(width / 2, height / 2);
    context.scale(zoom, zoom);
    context.translate(-x, -y);
    this.#paintFlows(isMoving ? flows.slice(0, MAX_MOVING) : flows, scheme, zoom, chosen);
    this.#paintNodes(nodes, scheme, zoom);
    const ring = nodes.find(({ id }) => id === chosen);
    if (ring) this.#paintRing(ring, scheme, zoom);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#paintNames(nodes, { camera, scheme, width, height, chosen });
  }

  /**
   * Paints the dots that travel, on a canvas of their own above the rest: a frame costs no more than they do.
   *
   * @param {Picture} picture
   * @param {number} timeMs
   */
  paintTravellers({ flows, camera, width, height, ratio, chosen }, timeMs) {
    const context = this.#over;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    for (const [x, y, size] of this.#dots) context.clearRect(x, y, size, size);
    this.#dots = [];
    for (const { from, to, sizeBytes, phase } of flows.slice(0, MAX_TRAVELLED)) {
      if (chosen !== undefined && from.id !== chosen && to.id !== chosen) continue;
      const share = (timeMs / TRAVEL_MS + phase) % 1;
      const [middleX, middleY] = bendOf(from.body, to.body);
      const [atX, atY] = along(from.body, middleX, middleY, to.body, share);
      const x = (atX - camera.x) * camera.zoom + width / 2;
      const y = (atY - camera.y) * camera.zoom + height / 2;
      const radius = 1.6 + levelOf(sizeBytes) * 0.55;
      context.globalAlpha = Math.min(1, share * 5, (1 - share) * 5);
      context.fillStyle = from.color;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
      this.#dots.push([x - radius - 1, y - radius - 1, 2 * radius + 2]);
    }
    context.globalAlpha = 1;
  }

  /** Takes the dots away. */
  clearTravellers() {
    const { canvas } = this.#over;
    this.#over.setTransform(1, 0, 0, 1, 0, 0);
    this.#over.clearRect(0, 0, canvas.width, canvas.height);
    this.#dots = [];
  }

  /**
   * One stroke for all flows of a colour and a width.
   *
   * @param {readonly PaintedFlow[]} flows
   * @param {Scheme} scheme
   * @param {number} zoom
   * @param {string | undefined} chosen
   */
  #paintFlows(flows, scheme, zoom, chosen) {
    const context = this.#context;
    /** @type {Map<string, { readonly color: string, readonly level: number, readonly isNear: boolean, readonly path: Path2D }>} */
    const strokes = new Map();
    for (const { from, to, sizeBytes } of flows) {
      const level = levelOf(sizeBytes);
      const isNear = chosen === undefined || from.id === chosen || to.id === chosen;
      const key = `${from.color} ${level} ${isNear}`;
      let stroke = strokes.get(key);
      if (!stroke) {
        stroke = { color: from.color, level, isNear, path: new Path2D() };
        strokes.set(key, stroke);
      }
      const [middleX, middleY] = bendOf(from.body, to.body);
      stroke.path.moveTo(from.body.x, from.body.y);
      stroke.path.quadraticCurveTo(middleX, middleY, to.body.x, to.body.y);
    }
    context.lineCap = "round";
    const strength = (scheme.isDark ? 0.5 : 0.42) *
      Math.max(0.2, Math.min(1, CALM_FLOWS / flows.length));
    for (const { color, level, isNear, path } of strokes.values()) {
      context.strokeStyle = color;
      context.globalAlpha = isNear ? strength + (chosen === undefined ? 0 : 0.35) : 0.06;
      context.lineWidth = (0.8 + level * 0.75) / zoom;
      context.stroke(path);
    }
    context.globalAlpha = 1;
  }

  /**
   * @param {readonly PaintedNode[]} nodes
   * @param {Scheme} scheme
   * @param {number} zoom
   */
  #paintNodes(nodes, scheme, zoom) {
    const context = this.#context;
    for (const { body, color, isOnline, isActive, isSeeding, isDownloading, isServer } of nodes) {
      context.beginPath();
      if (isServer) {
        context.rect(body.x - body.radius, body.y - body.radius, 2 * body.radius, 2 * body.radius);
      } else context.arc(body.x, body.y, body.radius, 0, 2 * Math.PI);
      // What lies behind does not shine through.
      context.fillStyle = scheme.sheet;
      context.fill();
      context.fillStyle = color;
      context.globalAlpha = !isOnline ? 0.1 : isActive ? 0.8 : 0.3;
      context.fill();
      context.globalAlpha = isOnline ? 1 : 0.55;
      context.lineWidth = 1.25 / zoom;
      context.strokeStyle = color;
      if (!isOnline) context.setLineDash([3 / zoom, 2.5 / zoom]);
      context.stroke();
      context.setLineDash([]);
      context.globalAlpha = 1;
      if (isSeeding) {
        context.beginPath();
        context.arc(body.x, body.y, body.radius + 3.5 / Math.sqrt(zoom), 0, 2 * Math.PI);
        context.lineWidth = 1.75 / zoom;
        context.stroke();
      }
      if (isDownloading) {
        context.beginPath();
        context.arc(body.x, body.y, body.radius * 0.6, 0, 2 * Math.PI);
        context.lineWidth = Math.max(1.25 / zoom, body.radius * 0.14);
        context.strokeStyle = scheme.sheet;
        context.stroke();
      }
    }
  }

  /**
   * @param {PaintedNode} node
   * @param {Scheme} scheme
   * @param {number} zoom
   */
  #paintRing({ body }, scheme, zoom) {
    const context = this.#context;
    context.beginPath();
    context.arc(body.x, body.y, body.radius + 7 / Math.sqrt(zoom), 0, 2 * Math.PI);
    context.lineWidth = 2.5 / zoom;
    context.strokeStyle = scheme.ink;
    context.stroke();
  }

  /**
   * Names stand below their nodes, the weightiest first, and only where they cover no other name.
   *
   * @param {readonly PaintedNode[]} nodes
   * @param {{
   *   readonly camera: GraphCamera,
   *   readonly scheme: Scheme,
   *   readonly width: number,
   *   readonly height: number,
   *   readonly chosen: string | undefined,
   * }} view
   */
  #paintNames(nodes, { camera, scheme, width, height, chosen }) {
    const context = this.#context;
    context.textAlign = "center";
    context.textBaseline = "top";
    context.lineJoin = "round";
    context.lineWidth = 3;
    context.strokeStyle = scheme.sunk;
    // Where there is room no name lies across a node, either.
    /** @type {(readonly [number, number, number, number])[]} */
    const taken = nodes.length > MANY ? [] : nodes.map(({ body }) => {
      const x = (body.x - camera.x) * camera.zoom + width / 2;
      const y = (body.y - camera.y) * camera.zoom + height / 2;
      const inside = body.radius * camera.zoom * 0.9;
      return [x - inside, y - inside, x + inside, y + inside];
    });
    const most = nodes.length > MANY ? MAX_NAMES_OF_MANY : MAX_NAMES;
    let drawn = 0;
    const ordered = chosen === undefined
      ? nodes
      : nodes.toSorted((one, other) => Number(other.id === chosen) - Number(one.id === chosen));
    for (const { id, name, body, isActive, isOnline } of ordered) {
      const isChosen = id === chosen;
      const radius = body.radius * camera.zoom;
      if (!hasName({ isChosen, isActive, radiusPx: radius }, nodes.length)) continue;
      const x = (body.x - camera.x) * camera.zoom + width / 2;
      const y = (body.y - camera.y) * camera.zoom + height / 2;
      if (x < -40 || x > width + 40 || y < -20 || y > height + 20) continue;
      context.font = `${isChosen ? 650 : isActive ? 550 : 400} ${NAME_PX}px ${FONT}`;
      const text = name.length > 28 && !isChosen ? `${name.slice(0, 27)}…` : name.slice(0, 80);
      const half = this.#widthOf(text) / 2 + 3;
      const beside = radius + half + 3;
      const spots = [[0, radius + 4], [0, -radius - NAME_PX - 5], [beside, -NAME_PX / 2], [
        -beside,
        -NAME_PX / 2,
      ]];
      const free = spots.map(([right = 0, down = 0]) => {
        const centre = Math.max(half, Math.min(width - half, x + right));
        const top = y + down;
        return /** @type {const} */ ([centre - half, top - 1, centre + half, top + NAME_PX + 2]);
      }).find((box) => isChosen || !taken.some((other) => overlaps(box, other)));
      if (!free) continue;
      taken.push(free);
      const centre = free[0] + half;
      const top = free[1] + 1;
      context.globalAlpha = isChosen || isOnline ? 1 : 0.6;
      context.strokeText(text, centre, top);
      context.fillStyle = isChosen || isActive ? scheme.ink : scheme.soft;
      context.fillText(text, centre, top);
      context.globalAlpha = 1;
      drawn += 1;
      if (drawn >= most) return;
    }
  }

  /** @param {string} text in the font that is set */
  #widthOf(text) {
    const key = `${this.#context.font} ${text}`;
    const known = this.#widths.get(key);
    if (known !== undefined) return known;
    if (this.#widths.size > 5_000) this.#widths.clear();
    const { width } = this.#context.measureText(text);
    this.#widths.set(key, width);
    return width;
  }
}

/** @param {number} sizeBytes */
function levelOf(sizeBytes) {
  if (sizeBytes < 4 * 1024 * 1024) return 0;
  if (sizeBytes < 64 * 1024 * 1024) return 1;
  return sizeBytes < 1024 * 1024 * 1024 ? 2 : 3;
}

/**
 * The point that an arc bends towards: both directions between two nodes bend to different sides.
 *
 * @param {{ readonly x: number, readonly y: number }} from
 * @param {{ readonly x: number, readonly y: number }} to
 * @returns {[number, number]}
 */
function bendOf(from, to) {
  return [
    (from.x + to.x) / 2 - (to.y - from.y) * BEND,
    (from.y + to.y) / 2 + (to.x - from.x) * BEND,
  ];
}

/**
 * A point of a quadratic Bézier curve.
 *
 * @param {{ readonly x: number, readonly y: number }} from
 * @param {number} middleX
 * @param {number} middleY
 * @param {{ readonly x: number, readonly y: number }} to
 * @param {number} share
 * @returns {[number, number]}
 */
function along(from, middleX, middleY, to, share) {
  const rest = 1 - share;
  return [
    rest * rest * from.x + 2 * rest * share * middleX + share * share * to.x,
    rest * rest * from.y + 2 * rest * share * middleY + share * share * to.y,
  ];
}

/**
 * @param {readonly [number, number, number, number]} one
 * @param {readonly [number, number, number, number]} other
 */
function overlaps(one, other) {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
}
