/** What typing has come to so far. */
export type TypedLine =
  | { readonly state: "typing" }
  | { readonly state: "done"; readonly text: string }
  | { readonly state: "interrupted" };

/**
 * A line typed on a terminal in raw mode, where nobody else knows of the keys that end, erase and interrupt. Control
 * characters and the sequences of arrow keys are no part of a secret.
 */
export class HiddenLine {
  readonly #decoder = new TextDecoder();
  #characters: string[] = [];
  /** Within `ESC [ …`, which ends with a letter or `~` (ECMA-48). */
  #escape: "none" | "escape" | "sequence" = "none";

  /** Takes what was typed. What follows the end of the line is dropped. */
  feed(bytes: Uint8Array): TypedLine {
    for (const character of this.#decoder.decode(bytes, { stream: true })) {
      if (this.#skip(character)) continue;
      switch (character) {
        case "\r":
        case "\n":
          return { state: "done", text: this.#characters.join("") };
        case "\x03":
          return { state: "interrupted" };
        case "\x04":
          // Ctrl-D ends an empty line without a value, as it ends other input.
          return { state: "done", text: this.#characters.join("") };
        case "\x7f":
        case "\b":
          this.#characters.pop();
          break;
        case "\x15":
          this.#characters = [];
          break;
        default:
          if (!/\p{Cc}/u.test(character)) this.#characters.push(character);
      }
    }
    return { state: "typing" };
  }

  #skip(character: string): boolean {
    if (this.#escape === "none") {
      if (character !== "\x1b") return false;
      this.#escape = "escape";
      return true;
    }
    const goesOn = this.#escape === "escape" ? character === "[" : !/[A-Za-z~]/.test(character);
    this.#escape = goesOn ? "sequence" : "none";
    return true;
  }
}
