/** A stretch of time, in ms. */
interface Stretch {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** When something that serves one at a time is in use, and where whoever comes next finds gaps. Times are in ms. */
export class TakenTime {
  /** In order, none overlapping. */
  #taken: readonly Stretch[] = [];

  /** Nothing will be taken before this time any more. */
  forget(beforeMs: number): void {
    const [first] = this.#taken;
    if (!first || first.untilMs >= beforeMs) return;
    this.#taken = this.#taken.filter(({ untilMs }) => untilMs >= beforeMs);
  }

  /** Takes `lengthMs` of what is free from `fromMs` on, as early as can be. Returns when the last of it is over. */
  take(lengthMs: number, fromMs: number): number {
    const before = this.#taken.filter(({ untilMs }) => untilMs < fromMs);
    const after = this.#taken.slice(before.length);
    let leftMs = lengthMs;
    let atMs = fromMs;
    // Every gap on the way is filled, so that what is taken becomes one with what was.
    for (let [next] = after; next && next.fromMs < atMs + leftMs; [next] = after) {
      leftMs -= Math.max(0, next.fromMs - atMs);
      atMs = Math.max(atMs, next.untilMs);
      after.shift();
    }
    const endMs = atMs + leftMs;
    const firstMs = Math.min(fromMs, this.#taken[before.length]?.fromMs ?? fromMs);
    this.#taken = [...before, { fromMs: firstMs, untilMs: endMs }, ...after];
    return endMs;
  }
}
