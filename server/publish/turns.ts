/** Lets one piece of work run at a time, in the order in which they came. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(run);
    // The caller gets the failure; here it only ends the turn.
    this.#last = result.then(() => {}, () => {});
    return result;
  }
}
