/** Something that will happen, unless it is called off. */
export interface Scheduled {
  readonly atMs: number;
  isCancelled: boolean;
}

interface Event extends Scheduled {
  readonly order: number;
  readonly run: () => void;
}

/** Children of an event in the heap: with four the way down is half as long, and they lie side by side. */
const CHILDREN = 4;

/**
 * Time that passes only from one event to the next. Events of one moment happen in the order in which they were scheduled,
 * so that a simulation is the same however fast the machine is.
 */
export class VirtualTime {
  /** A heap: each event is not later than its children. */
  readonly #heap: Event[] = [];
  /** What is to happen in this moment, in order; the first ones have happened. */
  #soon: Event[] = [];
  #soonAt = 0;
  #nowMs: number;
  #order = 0;
  #happened = 0;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that have happened. */
  get happened(): number {
    return this.#happened;
  }

  /** Has something happen after `delayMs`. */
  after(delayMs: number, run: () => void): Scheduled {
    const atMs = this.#nowMs + Math.max(0, delayMs);
    const event = { atMs, order: this.#order++, run, isCancelled: false };
    if (atMs === this.#nowMs) this.#soon.push(event);
    else this.#rise(event, this.#heap.length);
    return event;
  }

  /** Lets the next event happen; false if there is none before `untilMs`, which it is then. */
  step(untilMs: number): boolean {
    for (;;) {
      const next = this.#takeSoon() ?? this.#takeDue(untilMs);
      if (!next) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return false;
      }
      if (next.isCancelled) continue;
      this.#nowMs = next.atMs;
      this.#happened++;
      next.run();
      return true;
    }
  }

  /** The next event of this moment, unless one that was scheduled before it is due as well. */
  #takeSoon(): Event | undefined {
    const next = this.#soon[this.#soonAt];
    if (!next) return undefined;
    const [first] = this.#heap;
    if (first && isBefore(first, next)) return undefined;
    this.#soonAt++;
    if (this.#soonAt === this.#soon.length) {
      this.#soon = [];
      this.#soonAt = 0;
    }
    return next;
  }

  #takeDue(untilMs: number): Event | undefined {
    const [first] = this.#heap;
    if (!first || first.atMs > untilMs) return undefined;
    const last = this.#heap.pop();
    if (last && this.#heap.length > 0) this.#sink(last);
    return first;
  }

  /** Places an event at a free place, or above it. */
  #rise(event: Event, freeAt: number): void {
    let at = freeAt;
    while (at > 0) {
      const parentAt = Math.floor((at - 1) / CHILDREN);
      const parent = this.#heap[parentAt];
      if (!parent || !isBefore(event, parent)) break;
      this.#heap[at] = parent;
      at = parentAt;
    }
    this.#heap[at] = event;
  }

  /** Places an event at the top, which is free, or below it. */
  #sink(event: Event): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      const firstAt = CHILDREN * at + 1;
      const endAt = Math.min(firstAt + CHILDREN, heap.length);
      let earliestAt = at;
      let earliest = event;
      for (let childAt = firstAt; childAt < endAt; childAt++) {
        const child = heap[childAt];
        if (!child || !isBefore(child, earliest)) continue;
        earliestAt = childAt;
        earliest = child;
      }
      heap[at] = earliest;
      if (earliest === event) return;
      at = earliestAt;
    }
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
