/** Something that will happen, unless it is called off. */
export interface Scheduled {
  readonly atMs: number;
  isCancelled: boolean;
}

interface Event extends Scheduled {
  readonly order: number;
  readonly run: () => void;
}

/**
 * Time that passes only from one event to the next. Events of one moment happen in the order in which they were scheduled,
 * so that a simulation is the same however fast the machine is.
 */
export class VirtualTime {
  /** A binary heap: each event is not later than its two children. */
  readonly #heap: Event[] = [];
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
    const event = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order++,
      run,
      isCancelled: false,
    };
    this.#heap.push(event);
    this.#rise(this.#heap.length - 1);
    return event;
  }

  /** Lets the next event happen; false if there is none before `untilMs`, which it is then. */
  step(untilMs: number): boolean {
    for (;;) {
      const [next] = this.#heap;
      if (!next || next.atMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return false;
      }
      this.#takeFirst();
      if (next.isCancelled) continue;
      this.#nowMs = next.atMs;
      this.#happened++;
      next.run();
      return true;
    }
  }

  #takeFirst(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(from: number): void {
    const event = this.#heap[from];
    let at = from;
    while (event && at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = this.#heap[parentAt];
      if (!parent || !isBefore(event, parent)) break;
      this.#heap[at] = parent;
      at = parentAt;
    }
    if (event) this.#heap[at] = event;
  }

  #sink(from: number): void {
    const event = this.#heap[from];
    let at = from;
    while (event) {
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      const child = right && left && isBefore(right, left) ? right : left;
      if (!child || !isBefore(child, event)) break;
      const childAt = child === right ? 2 * at + 2 : 2 * at + 1;
      this.#heap[at] = child;
      at = childAt;
    }
    if (event) this.#heap[at] = event;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
