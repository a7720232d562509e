/** Ends something that has made no progress for a while, with one timer for all of it, however often it moves. */
export class StallWatch {
  readonly #limitMs: number;
  readonly #onStalled: () => void;
  #movedMs = performance.now();
  #timer: ReturnType<typeof setTimeout>;

  /** @param onStalled Called once, `limitMs` after the last progress, unless the watch is ended before. */
  constructor(limitMs: number, onStalled: () => void) {
    this.#limitMs = limitMs;
    this.#onStalled = onStalled;
    this.#timer = setTimeout(this.#look, limitMs);
  }

  noteProgress(): void {
    this.#movedMs = performance.now();
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  readonly #look = (): void => {
    const leftMs = stallLeftMs(this.#limitMs, this.#movedMs, performance.now());
    if (leftMs <= 0) this.#onStalled();
    else this.#timer = setTimeout(this.#look, leftMs);
  };
}

/** How long what moved last at `movedMs` may stand still yet; not positive once it has stalled. */
export function stallLeftMs(limitMs: number, movedMs: number, nowMs: number): number {
  return Math.ceil(movedMs + limitMs - nowMs);
}
