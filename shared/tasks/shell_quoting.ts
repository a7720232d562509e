/** One character of a command, or the place of a value, which has none. */
export interface ShellSymbol {
  readonly character: string | undefined;
  /** In the text of the template. */
  readonly offset: number;
}

/** What is wrong with a template, and where in its text. */
export interface ShellTemplateMistake {
  readonly offset: number;
  readonly message: string;
}

/** What the braces of `${…}` may hold: nothing that quotes, escapes, nests or redirects. */
const PLAIN_EXPANSION = /^[^'"\\{}$`()<>&|;\n]*$/;
/** What `$((…))` may hold: a calculation without brackets, which could be closed elsewhere than it seems. */
const PLAIN_CALCULATION = /^[\w\s$+*/%,?:=!|&^~-]*$/;
/** What `$(…)` may hold inside of double quotes: one plain command. The pattern of a `case` would close it. */
const PLAIN_SUBSTITUTION = /^(?!.*\bcase\b)[\w\s$+*/%,.:=!|&^~@;-]*$/s;
/** After these a `#` begins a comment. */
const WORD_ENDS = " \t\n;|&()<>";

/**
 * Finds what keeps values in single quotes from being words of their own in a command: places where the shell reads no words, and
 * constructions after which that cannot be told for sure, or which shells read differently.
 *
 * It knows less of the language than a shell does and refuses what it does not know, so that nobody's value is ever code.
 */
export function findQuotingMistakes(symbols: readonly ShellSymbol[]): ShellTemplateMistake[] {
  return new QuotingScanner(symbols).scan();
}

class QuotingScanner {
  readonly #mistakes: ShellTemplateMistake[] = [];
  #at = 0;

  constructor(private readonly symbols: readonly ShellSymbol[]) {}

  scan(): ShellTemplateMistake[] {
    let isWordStart = true;
    while (this.#at < this.symbols.length) {
      const character = this.#peek();
      const isAtStart: boolean = isWordStart;
      isWordStart = character !== undefined && WORD_ENDS.includes(character);
      if (character === "\\") {
        // The pair is gone before the shell looks for words.
        isWordStart = isAtStart && this.#peek(1) === "\n";
        if (this.#isValue(1)) this.#complain("a parameter follows a backslash: remove it");
        this.#at += 2;
      } else if (character === "'") this.#singleQuoted();
      else if (character === '"') this.#doubleQuoted();
      else if (character === "$") isWordStart = this.#dollar();
      else if (character === "#" && isAtStart) this.#comment();
      else {
        this.#refuseUnclear(character);
        this.#at += 1;
      }
    }
    return this.#mistakes;
  }

  /** Refuses what changes how all that follows is read. */
  #refuseUnclear(character: string | undefined): void {
    if (character === "`") {
      this.#complain("backquotes cannot stand in a command with parameters: use $(…)");
    } else if (character === "<" && this.#peek(1) === "<") {
      this.#complain(
        "a here-document cannot stand in a command with parameters: use printf '%s\\n' …",
      );
    } else if (character === "(" && this.#peek(1) === "(") {
      this.#complain("two brackets after each other are a calculation in some shells: put a blank");
    }
  }

  #singleQuoted(): void {
    const start = this.#at++;
    while (this.#at < this.symbols.length && this.#peek() !== "'") this.#refuseValue(QUOTED);
    this.#close(start, "quote");
  }

  #doubleQuoted(): void {
    const start = this.#at++;
    while (this.#at < this.symbols.length && this.#peek() !== '"') {
      const character = this.#peek();
      if (character === "\\" && !this.#isValue(1)) this.#at += 2;
      else if (character === "`") this.#refuseUnclearAndGoOn(character);
      else if (character === "$") this.#dollarInQuotes();
      else this.#refuseValue(QUOTED);
    }
    this.#close(start, "quote");
  }

  #refuseUnclearAndGoOn(character: string): void {
    this.#refuseUnclear(character);
    this.#at += 1;
  }

  #comment(): void {
    while (this.#at < this.symbols.length && this.#peek() !== "\n") {
      this.#refuseValue("a parameter stands in a comment, which a line feed in it would end");
    }
  }

  /** A `$` outside of quotes. @returns whether a word may begin behind it. */
  #dollar(): boolean {
    const next = this.#peek(1);
    if (this.#isValue(1)) this.#complain('a parameter follows "$": remove the "$"');
    else if (next === "'" || next === '"' || next === "[") {
      this.#complain(`"$${next}" means different things in different shells: write it otherwise`);
    } else if (this.#expansion()) return false;
    else if (next === "(") {
      this.#at += 2;
      return true;
    } else if (next !== undefined && "#?$!@*-".includes(next)) {
      this.#at += 2;
      return false;
    }
    this.#at += 1;
    return false;
  }

  #dollarInQuotes(): void {
    if (this.#expansion()) return;
    if (this.#peek(1) !== "(") this.#at += 1;
    else {
      this.#enclosed(
        2,
        ")",
        PLAIN_SUBSTITUTION,
        "$(…) in double quotes holds more than a plain command: put its output into a variable first",
      );
    }
  }

  /** `${…}` and `$((…))`, which are read alike with and without quotes around them. @returns whether it was one. */
  #expansion(): boolean {
    if (this.#peek(1) === "{") {
      this.#enclosed(
        2,
        "}",
        PLAIN_EXPANSION,
        "${…} holds quotes, brackets or a parameter: put the value into a variable first",
      );
      return true;
    }
    if (this.#peek(1) !== "(" || this.#peek(2) !== "(") return false;
    this.#enclosed(
      3,
      "))",
      PLAIN_CALCULATION,
      "$((…)) holds brackets, quotes or a parameter: a value would be calculated, so use expr",
    );
    return true;
  }

  /** Goes past what begins here with `opening` characters and ends with `closing`, if it is as plain as it must be. */
  #enclosed(opening: number, closing: string, plain: RegExp, message: string): void {
    const start = this.#at;
    let inside = "";
    for (this.#at += opening; this.#at < this.symbols.length; this.#at += 1) {
      const isClosed = [...closing].every((character, index) => this.#peek(index) === character);
      if (isClosed) {
        this.#at += closing.length;
        if (!plain.test(inside)) this.#complain(message, start);
        return;
      }
      // A quote stands for whatever is not plain.
      inside += this.#peek() ?? "'";
    }
    this.#complain(message, start);
  }

  #refuseValue(message: string): void {
    if (this.#isValue()) this.#complain(message);
    this.#at += 1;
  }

  #close(start: number, what: string): void {
    if (this.#at >= this.symbols.length) this.#complain(`a ${what} is not closed`, start);
    this.#at += 1;
  }

  #peek(ahead = 0): string | undefined {
    return this.symbols[this.#at + ahead]?.character;
  }

  #isValue(ahead = 0): boolean {
    const symbol = this.symbols[this.#at + ahead];
    return symbol !== undefined && symbol.character === undefined;
  }

  #complain(message: string, at = this.#at): void {
    this.#mistakes.push({ offset: this.symbols[at]?.offset ?? 0, message });
  }
}

const QUOTED = "a parameter stands inside of quotes: it brings its own, so end them before it";
