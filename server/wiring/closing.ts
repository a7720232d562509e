import type { Logger } from "../../shared/platform/logging.ts";

/** What has to be closed at the end, each after everything that was opened later. */
export class Closing {
  readonly #logger: Logger;
  readonly #steps: { what: string; close: () => Promise<void> }[] = [];

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Remembers how to close what was just opened. */
  add(what: string, close: () => Promise<void>): void {
    this.#steps.push({ what, close });
  }

  /**
   * Closes everything; a step that fails does not keep the others from being taken.
   *
   * @throws {AggregateError} of what failed, after all steps.
   */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    while (true) {
      const step = this.#steps.pop();
      if (!step) break;
      try {
        await step.close();
        this.#logger.debug("Closed {what}", { what: step.what });
      } catch (error) {
        failures.push(new Error(`Cannot close ${step.what}: ${String(error)}`, { cause: error }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("; "));
  }
}
