// @ts-check
// Where the envoys of a swarm stand. Like marbles on a cloth: each keeps its distance, all roll towards the middle, and who
// gives to whom is drawn near. Computed a step at a time; the same events give the same picture.

import { hashText } from "./palette.js";

/** Room between the rims of two nodes, in units of the picture: between many, and between few, which have names below them. */
const [LEAST_GAP, MOST_GAP] = [9, 72];
/** How many nodes are few. */
const FEW = 6;
/** How much of the way to where the forces pull is gone in one step. */
const STEP = 0.75;
/** Steps until a picture that was disturbed stands still. */
const MAX_STEPS = 240;
/** How strongly a flow draws its ends together, all flows of a node taken together. */
const PULL = 0.1;
/** Share of the flows that may be new without a movement. */
const LITTLE = 0.15;
/** Longest way in one step towards the middle. */
const MAX_DRAWN = 2.2;
/** Part of the steps, the last ones, in which nothing is drawn anywhere, and whoever stands too near still makes room. */
const PARTING = 0.35;
/** Longest way in one step, so that nothing flies. */
const MAX_MOVE = 40;
/** How far from each other those stand between whom something flows, in gaps. */
const FLOW_GAPS = 1.6;

/**
 * @typedef {{
 *   readonly id: string,
 *   x: number,
 *   y: number,
 *   radius: number,
 *   moveX: number,
 *   moveY: number,
 *   flows: number,
 * }} Body
 */

export class GraphLayout {
  /** @type {Map<string, Body>} */
  #bodies = new Map();
  /** @type {readonly { readonly from: Body, readonly to: Body, readonly pull: number }[]} */
  #springs = [];
  #stepsLeft = 0;
  #gap = MOST_GAP;
  #aspect = 1;

  /** @returns {ReadonlyMap<string, Body>} */
  get bodies() {
    return this.#bodies;
  }

  /** Whether another step would move anything. */
  get isAtRest() {
    return this.#stepsLeft === 0;
  }

  /**
   * Takes nodes in: those that are known stay where they are, new ones begin at the rim at a place that their id chooses.
   *
   * @param {readonly { readonly id: string, readonly radius: number }[]} nodes all of them
   */
  setNodes(nodes) {
    this.#gap = Math.max(LEAST_GAP, Math.min(MOST_GAP, MOST_GAP * Math.sqrt(FEW / nodes.length)));
    const reach = Math.sqrt(nodes.length) * (8 + this.#gap);
    const before = this.#bodies;
    let isNews = before.size !== nodes.length;
    this.#bodies = new Map();
    for (const { id, radius } of nodes) {
      const known = before.get(id);
      if (known) {
        isNews ||= Math.abs(known.radius - radius) > 0.5;
        known.radius = radius;
        this.#bodies.set(id, known);
        continue;
      }
      isNews = true;
      const angle = hashText(id) / 0x1_0000_0000 * 2 * Math.PI;
      const share = Math.sqrt(hashText(`${id} far`) / 0x1_0000_0000);
      const far = before.size === 0 ? reach * share : reach;
      this.#bodies.set(id, {
        id,
        x: Math.cos(angle) * far,
        y: Math.sin(angle) * far,
        radius,
        moveX: 0,
        moveY: 0,
        flows: 0,
      });
    }
    if (isNews) this.#disturb(1);
  }

  /**
   * Says between whom something flows.
   *
   * @param {readonly { readonly from: string, readonly to: string }[]} flows of nodes that are known; others are left out
   */
  setFlows(flows) {
    const before = new Set(this.#springs.map(({ from, to }) => `${from.id} ${to.id}`));
    for (const body of this.#bodies.values()) body.flows = 0;
    const springs = [];
    for (const { from, to } of flows) {
      const giver = this.#bodies.get(from);
      const taker = this.#bodies.get(to);
      if (!giver || !taker || giver === taker) continue;
      giver.flows += 1;
      taker.flows += 1;
      springs.push({ from: giver, to: taker });
    }
    this.#springs = springs.map(({ from, to }) => ({
      from,
      to,
      // Whoever gives to hundreds is not torn apart by them, nor are all drawn into one heap.
      pull: PULL / Math.max(from.flows, to.flows),
    }));
    const isNew = (/** @type {{ from: Body, to: Body }} */ { from, to }) =>
      !before.has(`${from.id} ${to.id}`);
    const changed = this.#springs.filter(isNew).length;
    // One flow more among hundreds moves nobody.
    if (changed > springs.length * LITTLE) this.#disturb(springs.length < 50 ? 0.5 : 0.25);
  }

  /** @param {number} aspect width by height of where the picture is shown, which it then fills */
  setAspect(aspect) {
    const next = Math.sqrt(Math.max(0.55, Math.min(1.9, aspect)));
    if (Math.abs(next - this.#aspect) < 0.05) return;
    this.#aspect = next;
    this.#disturb(1);
  }

  /** One step towards rest. */
  step() {
    if (this.#stepsLeft === 0) return;
    const heat = Math.max(0, (this.#stepsLeft / MAX_STEPS - PARTING) / (1 - PARTING));
    this.#stepsLeft -= 1;
    for (const body of this.#bodies.values()) {
      // Whoever takes part is drawn further in; from afar nobody is drawn more than is pushed back by those in the way.
      const weight = (body.flows > 0 ? 0.05 : 0.028) * heat;
      const far = Math.hypot(body.x, body.y) * weight;
      const share = far > MAX_DRAWN * heat ? MAX_DRAWN * heat / far : 1;
      body.moveX = -body.x * weight * share / this.#aspect;
      body.moveY = -body.y * weight * share * this.#aspect;
    }
    for (const { from, to, pull } of this.#springs) {
      const [x, y] = [to.x - from.x, to.y - from.y];
      const distance = Math.hypot(x, y) || 1;
      const wanted = FLOW_GAPS * this.#gap + from.radius + to.radius;
      if (distance <= wanted) continue;
      const share = Math.min(MAX_DRAWN, (distance - wanted) * pull) / distance * heat * 0.5;
      from.moveX += x * share;
      from.moveY += y * share;
      to.moveX -= x * share;
      to.moveY -= y * share;
    }
    this.#part();
    for (const body of this.#bodies.values()) {
      const length = Math.hypot(body.moveX, body.moveY);
      const share = length > MAX_MOVE ? MAX_MOVE / length : 1;
      body.x += body.moveX * share;
      body.y += body.moveY * share;
    }
  }

  /** Goes on to rest, for a reader who wants nothing to move. */
  settle() {
    while (!this.isAtRest) this.step();
  }

  /** @param {number} share of the way to rest that is to be gone again */
  #disturb(share) {
    this.#stepsLeft = Math.max(this.#stepsLeft, Math.round(MAX_STEPS * share));
  }

  /** Moves those apart that stand too near. Only neighbours are looked at: each stands in a cell of a grid. */
  #part() {
    let widest = 0;
    for (const { radius } of this.#bodies.values()) widest = Math.max(widest, radius);
    const cell = 2 * widest + this.#gap;
    /** @type {Map<number, Body[]>} */
    const grid = new Map();
    for (const body of this.#bodies.values()) {
      const key = keyOf(Math.floor(body.x / cell), Math.floor(body.y / cell));
      const others = grid.get(key);
      if (others) others.push(body);
      else grid.set(key, [body]);
    }
    for (const [key, inside] of grid) {
      pushAll(inside, this.#gap);
      for (const step of NEIGHBOURS) {
        const beside = grid.get(key + step);
        if (!beside) continue;
        for (const body of inside) for (const other of beside) push(body, other, this.#gap);
      }
    }
  }
}

/** Cells of a row; a picture is far smaller. */
const ROW = 1 << 20;
/** Half of the neighbours of a cell: the others look at it. */
const NEIGHBOURS = [1, ROW - 1, ROW, ROW + 1];

/**
 * @param {number} column
 * @param {number} row
 */
function keyOf(column, row) {
  return row * ROW + column;
}

/**
 * @param {readonly Body[]} bodies
 * @param {number} gap
 */
function pushAll(bodies, gap) {
  for (let at = 0; at < bodies.length; at += 1) {
    const one = bodies[at];
    for (let next = at + 1; next < bodies.length; next += 1) {
      const other = bodies[next];
      if (one && other) push(one, other, gap);
    }
  }
}

/**
 * @param {Body} one
 * @param {Body} other
 * @param {number} gap
 */
function push(one, other, gap) {
  const wanted = one.radius + other.radius + gap;
  let x = other.x - one.x;
  let y = other.y - one.y;
  let distance = Math.hypot(x, y);
  if (distance >= wanted) return;
  if (distance < 0.01) {
    // Two on one spot part in a direction of their own.
    const angle = (hashText(one.id) ^ hashText(other.id)) % 360 / 180 * Math.PI;
    [x, y, distance] = [Math.cos(angle), Math.sin(angle), 1];
  }
  const share = (wanted - distance) / distance * STEP * 0.5;
  one.moveX -= x * share;
  one.moveY -= y * share;
  other.moveX += x * share;
  other.moveY += y * share;
}
