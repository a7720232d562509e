// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// The live picture of the swarm on its page: hears what changes, lets the reader look around, and paints when something moved.

import { followEvents } from "./follow_events.js";
import { GraphCamera } from "./graph_camera.js";
import { GraphLayout } from "./graph_layout.js";
import { GraphPainter } from "./graph_painter.js";
import { hashText, tintsOf } from "./palette.js";
import { fitCanvas, followScheme, readScheme, wantsCalm } from "./scheme.js";

/** @import { PaintedFlow, PaintedNode } from "./graph_painter.js" */

/**
 * @typedef {{
 *   uuid: string, hostname: string, presence: string, substrate: string, seeding: number, cached: number,
 *   downloading: number, footprintBytes: number, color: string | null,
 * }} SwarmNode
 * @typedef {{ from: string, to: string, chunks: number, sizeBytes: number }} SwarmFlow
 */

const SERVER = "server";
/** Radii, in units of the picture: of one that holds nothing, and of the largest. */
const [LEAST_RADIUS, MOST_RADIUS] = [4.5, 24];
/** Time of a frame that the layout may take, in ms, and steps that it may go: more would jump. */
const [LAYOUT_MS, MAX_STEPS_A_FRAME] = [4, 3];
/** How far from a node a pointer still means it, in CSS pixels. */
const NEAR_PX = 8;

class SwarmView {
  /** @type {Map<string, SwarmNode>} */
  #known = new Map();
  /** @type {readonly SwarmFlow[]} */
  #flows = [];
  #total = { flows: 0, sizeBytes: 0 };
  /** @type {readonly PaintedNode[]} */
  #nodes = [];
  /** @type {readonly PaintedFlow[]} */
  #painted = [];
  #layout = new GraphLayout();
  #camera = new GraphCamera();
  #painter;
  #canvas;
  #over;
  #figure;
  #summary;
  #card;
  #scheme;
  #size = { width: 0, height: 0, ratio: 1 };
  /** @type {string | undefined} */
  #hovered;
  /** @type {string | undefined} */
  #focused;
  #isDue = false;
  #isDirty = true;
  #isFirst = true;
  #wasTravelling = false;

  /**
   * @param {HTMLElement} figure
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLCanvasElement} over
   * @param {HTMLElement} summary
   * @param {HTMLElement} card
   */
  constructor(figure, canvas, over, summary, card) {
    this.#figure = figure;
    this.#canvas = canvas;
    this.#over = over;
    this.#summary = summary;
    this.#card = card;
    this.#painter = new GraphPainter(canvas, over);
    this.#scheme = readScheme(figure);
    followScheme(() => {
      this.#scheme = readScheme(figure);
      this.#arrange();
    });
    new ResizeObserver(() => this.#fit()).observe(canvas);
    this.#fit();
    this.#listen();
  }

  /** A new stream says everything again. */
  forget() {
    this.#known = new Map();
    this.#flows = [];
  }

  /**
   * @param {{
   *   nodes: SwarmNode[], gone: string[], flows?: SwarmFlow[], total: { flows: number, sizeBytes: number },
   * }} news
   */
  take({ nodes, gone, flows, total }) {
    this.#total = total;
    for (const node of nodes) this.#known.set(node.uuid, node);
    for (const uuid of gone) this.#known.delete(uuid);
    if (flows) this.#flows = flows;
    this.#arrange();
    this.#figure.dataset.nodes = String(this.#known.size);
    this.#figure.dataset.flows = String(this.#flows.length);
  }

  /** @param {string | undefined} uuid of a node that a row of the table stands for */
  focus(uuid) {
    this.#focused = uuid;
    this.#showCard();
    this.#request();
  }

  #arrange() {
    const known = [...this.#known.values()];
    const hasServer = this.#flows.some(({ from }) => from === SERVER);
    const largest = Math.max(1, ...known.map(({ footprintBytes }) => footprintBytes));
    /** @type {Map<string, number>} */
    const radii = new Map(known.map(({ uuid, footprintBytes, seeding }) => {
      const share = Math.sqrt(footprintBytes / largest);
      const least = seeding > 0 ? LEAST_RADIUS * 1.8 : LEAST_RADIUS;
      return [uuid, least + (MOST_RADIUS * crowding(known.length) - least) * share * 0.9];
    }));
    if (hasServer) radii.set(SERVER, 8);
    this.#layout.setNodes([...radii].map(([id, radius]) => ({ id, radius })));
    this.#layout.setFlows(this.#flows);
    if (this.#isFirst || wantsCalm()) {
      this.#layout.settle();
      this.#isFirst = this.#known.size === 0;
    }
    const kind = this.#scheme.isDark ? "dark" : "light";
    const tints = tintsOf(known.map(({ hostname, color }) => [hostname, color]));
    const busy = new Set(this.#flows.flatMap(({ from, to }) => [from, to]));
    /** @type {PaintedNode[]} */
    const nodes = [];
    for (const [id, body] of this.#layout.bodies) {
      const node = this.#known.get(id);
      nodes.push({
        id,
        body,
        name: node?.hostname ?? "the server itself",
        color: node && tints.get(node.hostname)?.[kind] || this.#scheme.soft,
        isOnline: node?.presence !== "offline",
        isActive: !node || node.substrate === "active",
        isSeeding: (node?.seeding ?? 0) > 0,
        isDownloading: (node?.downloading ?? 0) > 0,
        isServer: !node,
        weight: body.radius + (busy.has(id) ? 100 : 0) + (node && node.seeding > 0 ? 200 : 0),
      });
    }
    this.#nodes = nodes.sort((one, other) =>
      other.weight - one.weight || (one.name < other.name ? -1 : 1)
    );
    const byId = new Map(nodes.map((node) => [node.id, node]));
    this.#painted = this.#flows.flatMap(({ from, to, sizeBytes }) => {
      const giver = byId.get(from);
      const taker = byId.get(to);
      if (!giver || !taker) return [];
      const phase = hashText(`${from} ${to}`) / 0x1_0000_0000;
      return [{ from: giver, to: taker, sizeBytes, phase }];
    });
    this.#describe();
    this.#showCard();
    this.#request();
  }

  /** The picture in a sentence, for whoever cannot see it; the tables below say the rest. */
  #describe() {
    const online = [...this.#known.values()].filter(({ presence }) => presence === "online").length;
    const { flows, sizeBytes } = this.#total;
    const text = this.#known.size === 0
      ? "No envoy is in the fleet yet."
      : `${this.#known.size} envoys, ${online} online; ` +
        (flows === 0
          ? "nothing flowed within the last minute."
          : `${formatBytes(sizeBytes)} along ${flows} ways within the last minute.`);
    if (this.#summary.textContent !== text) this.#summary.textContent = text;
  }

  #fit() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    fitCanvas(this.#over, width, height);
    this.#size = { width, height, ratio: fitCanvas(this.#canvas, width, height) };
    if (height > 0) this.#layout.setAspect(width / height);
    if (wantsCalm()) this.#layout.settle();
    this.#isDirty = true;
    this.#request();
  }

  /** Something has to be painted anew. */
  #request() {
    this.#isDirty = true;
    this.#schedule();
  }

  #schedule() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame((timeMs) => this.#frame(timeMs));
  }

  /** @param {number} timeMs */
  #frame(timeMs) {
    this.#isDue = false;
    const isCalm = wantsCalm();
    const untilMs = performance.now() + LAYOUT_MS;
    for (let steps = 0; steps < MAX_STEPS_A_FRAME && !this.#layout.isAtRest; steps += 1) {
      this.#layout.step();
      this.#isDirty = true;
      if (performance.now() > untilMs) break;
    }
    const { width, height, ratio } = this.#size;
    const hasMoved = this.#camera.follow(this.#layout.bodies.values(), width, height, isCalm);
    const isTravelling = !isCalm && this.#painted.length > 0;
    const isMoving = hasMoved || !this.#layout.isAtRest;
    const picture = {
      nodes: this.#nodes,
      flows: this.#painted,
      camera: this.#camera,
      scheme: this.#scheme,
      width,
      height,
      ratio,
      chosen: this.#hovered ?? this.#focused,
    };
    if (this.#isDirty || hasMoved) this.#painter.paint(picture, isMoving);
    // The last frame of a movement is the one that stays, with all its arcs.
    this.#isDirty = isMoving;
    if (isTravelling) this.#painter.paintTravellers(picture, timeMs);
    else if (this.#wasTravelling) this.#painter.clearTravellers();
    this.#wasTravelling = isTravelling;
    if (isTravelling || isMoving) this.#schedule();
  }

  #listen() {
    const canvas = this.#canvas;
    /** @type {Map<number, readonly [number, number]>} */
    const held = new Map();
    canvas.addEventListener("pointerdown", (event) => {
      held.set(event.pointerId, [event.clientX, event.clientY]);
      if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const from = held.get(event.pointerId);
      // A finger that moves scrolls the page; two of them would zoom it.
      if (from && event.pointerType === "mouse") {
        this.#camera.pan(event.clientX - from[0], event.clientY - from[1]);
        held.set(event.pointerId, [event.clientX, event.clientY]);
        this.#request();
        return;
      }
      this.#hover(this.#find(event));
    });
    for (const end of /** @type {const} */ (["pointerup", "pointercancel", "pointerleave"])) {
      canvas.addEventListener(end, (event) => {
        held.delete(event.pointerId);
        if (end === "pointerleave") this.#hover(undefined);
      });
    }
    canvas.addEventListener("dblclick", () => {
      this.#camera.release();
      this.#request();
    });
    canvas.addEventListener("wheel", (event) => {
      // Without a key the wheel scrolls the page.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const { left, top, width, height } = canvas.getBoundingClientRect();
      this.#camera.zoomAt(
        Math.exp(-event.deltaY / 300),
        event.clientX - left - width / 2,
        event.clientY - top - height / 2,
      );
      this.#request();
    }, { passive: false });
    this.#figure.querySelector("button[data-full]")?.addEventListener("click", () => {
      const isFull = document.fullscreenElement !== null;
      const change = isFull ? document.exitFullscreen() : this.#figure.requestFullscreen();
      change.catch(() => {
        // The browser may forbid it; then all stays as it is.
      });
    });
    for (const button of this.#figure.querySelectorAll("button[data-zoom]")) {
      button.addEventListener("click", () => {
        const by = Number(button.getAttribute("data-zoom"));
        if (by === 0) this.#camera.release();
        else this.#camera.zoomAt(by, 0, 0);
        this.#request();
      });
    }
  }

  /** @param {MouseEvent} event */
  #find({ clientX, clientY }) {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    const x = (clientX - left - width / 2) / this.#camera.zoom + this.#camera.x;
    const y = (clientY - top - height / 2) / this.#camera.zoom + this.#camera.y;
    let nearest;
    let nearestBy = NEAR_PX / this.#camera.zoom;
    for (
      const { id, body } of this.#layout.bodies.values().map((body) => ({ id: body.id, body }))
    ) {
      const by = Math.hypot(body.x - x, body.y - y) - body.radius;
      if (by >= nearestBy) continue;
      nearest = id;
      nearestBy = by;
    }
    return nearest;
  }

  /** @param {string | undefined} id */
  #hover(id) {
    if (id === this.#hovered) return;
    this.#hovered = id;
    this.#showCard();
    this.#request();
  }

  /** What is known of the chosen one. Text is only ever set as text. */
  #showCard() {
    const id = this.#hovered ?? this.#focused;
    const node = id === undefined ? undefined : this.#known.get(id);
    this.#card.hidden = !node;
    if (!node) return;
    const given = sum(this.#flows.filter(({ from }) => from === id));
    const taken = sum(this.#flows.filter(({ to }) => to === id));
    const name = document.createElement("strong");
    name.textContent = node.hostname;
    const lines = [
      `${node.presence}, ${node.substrate === "active" ? "takes part" : "idle"}`,
      `${node.seeding} seeded, ${node.cached} cached, ${node.downloading} downloading`,
      `${formatBytes(node.footprintBytes)} from the swarm`,
      ...(given > 0 ? [`gave ${formatBytes(given)} within a minute`] : []),
      ...(taken > 0 ? [`got ${formatBytes(taken)} within a minute`] : []),
    ].map((text) => {
      const line = document.createElement("span");
      line.textContent = text;
      return line;
    });
    this.#card.replaceChildren(name, ...lines);
  }
}

/** Many nodes are drawn smaller beside each other. @param {number} count */
function crowding(count) {
  return count <= 40 ? 1 : Math.max(0.5, 1 - Math.log10(count / 40) * 0.36);
}

/** @param {readonly SwarmFlow[]} flows */
function sum(flows) {
  return flows.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
}

/** @param {number} bytes */
function formatBytes(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toPrecision(2)} ${units[unit]}`;
}

function start() {
  const figure = document.getElementById("swarm-graph");
  const canvas = figure?.querySelector("canvas");
  const over = figure?.querySelector("canvas + canvas");
  const summary = document.getElementById("swarm-summary");
  const card = document.getElementById("swarm-card");
  const state = document.getElementById("swarm-state");
  if (!figure || !canvas || !(over instanceof HTMLCanvasElement)) return;
  if (!summary || !card || !state) return;
  const view = new SwarmView(figure, canvas, over, summary, card);
  figure.classList.add("is-live");
  // Rows of the table lead to their nodes, for the keyboard as for the pointer.
  const point = (/** @type {Event} */ { type, target }) => {
    const row = target instanceof Element ? target.closest("tr[id^='node-']") : null;
    if (row) view.focus(type === "focusin" || type === "pointerover" ? row.id.slice(5) : undefined);
  };
  for (const type of ["focusin", "focusout", "pointerover", "pointerout"]) {
    document.addEventListener(type, point);
  }
  followEvents("/api/v1/swarm/graph/events", {
    onOpen: () => view.forget(),
    onNews: (news) => view.take(news),
    onState: (isOpen) => {
      state.textContent = isOpen ? "live" : "waiting for the server";
      state.classList.toggle("off", !isOpen);
    },
  });
}

start();
