/** What every form of a secret shows. */
export const SECRET_MASK = "«secret»";

/** Text that must not be seen: it prints as `«secret»` in logs, JSON, errors and the console. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself, for the one place that needs it. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return SECRET_MASK;
  }

  toJSON(): string {
    return SECRET_MASK;
  }

  [Symbol.for("Deno.customInspect")](): string {
    return SECRET_MASK;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return SECRET_MASK;
  }
}
