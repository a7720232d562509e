/** Runs asynchronous work one at a time, in the order in which it was asked for. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    // Whoever asked sees the failure; those behind it are not failed by it.
    this.#last = result.catch(() => {});
    return result;
  }
}
