import { GlobError, parseGlob } from "./glob.ts";
import { parseHostnameGlob } from "./hostname_glob.ts";
import { TargetSpecError } from "./target_spec_error.ts";
import type { Slice } from "./target_split.ts";
import {
  BARE_NAME,
  BARE_TAG_NAME,
  NUMBER,
  type Operator,
  type TargetField,
  type TargetTerm,
  UUID,
  type ValueTest,
} from "./target_term.ts";

/** Most names in a trait path; traits are shallow. */
export const MAX_TRAIT_PATH_LENGTH = 16;

const TAG_PREFIX = "tag:";
const OPERATOR = /[=!<>~]/;
const HOSTNAME_PATTERN = /^[a-z0-9._*?[\]^\\-]+$/i;

/**
 * Parses one condition: a hostname pattern, a UUID, or a filter.
 *
 * @param source The whole spec, for messages.
 * @param slice The condition without an exclusion prefix; not empty.
 * @throws {TargetSpecError} if it is none of these.
 */
export function parseTerm(source: string, slice: Slice): TargetTerm {
  return new TermParser(source, slice).parse();
}

class TermParser {
  readonly #source: string;
  readonly #end: number;
  #at: number;

  constructor(source: string, { text, start }: Slice) {
    this.#source = source;
    this.#at = start;
    this.#end = start + text.length;
  }

  parse(): TargetTerm {
    if (this.#peek() === "!") {
      throw this.#error('"!" in front of a pattern', 'Write "-" to take envoys out');
    }
    if (this.#rest().startsWith(TAG_PREFIX)) {
      this.#at += TAG_PREFIX.length;
      return this.#filter({ kind: "tag", name: this.#name(BARE_TAG_NAME, "tag") });
    }
    const unquoted = this.#rest().replaceAll(/"(\\.|[^"\\])*"/g, "");
    if (!OPERATOR.test(unquoted)) return this.#host();
    return this.#filter({ kind: "trait", path: this.#path() });
  }

  #host(): TargetTerm {
    const start = this.#at;
    const text = this.#peek() === '"' ? this.#lastQuoted() : this.#rest();
    if (UUID.test(text.toLowerCase())) return { kind: "uuid", uuid: text.toLowerCase() };
    try {
      const glob = parseHostnameGlob(text);
      if (HOSTNAME_PATTERN.test(text)) return { kind: "hostname", glob };
    } catch (error) {
      if (!(error instanceof GlobError)) throw error;
      throw this.#error(`malformed pattern (${error.problem})`, error.remedy, start);
    }
    throw this.#error(
      `${JSON.stringify(text)}, which is neither a hostname pattern nor a filter,`,
      "Separate hosts with commas, and write filters like os.distro=debian",
      start,
    );
  }

  #path(): string[] {
    const path = [this.#name(BARE_NAME, "trait")];
    while (this.#peek() === ".") {
      this.#at += 1;
      path.push(this.#name(BARE_NAME, "trait"));
    }
    if (path.length > MAX_TRAIT_PATH_LENGTH) {
      throw this.#error(
        `a trait path of ${path.length} names, over the limit of ${MAX_TRAIT_PATH_LENGTH},`,
        "Shorten the path",
      );
    }
    return path;
  }

  /** Reads a name up to an operator (for a trait also up to a dot), or a quoted one. */
  #name(bare: RegExp, thing: "tag" | "trait"): string {
    const start = this.#at;
    if (this.#peek() === '"') {
      const text = this.#quoted();
      if (text !== "") return text;
    } else {
      const stop = thing === "trait" ? /[=!<>~."]/ : /[=!<>~"]/;
      const length = this.#rest().search(stop);
      const text = length === -1 ? this.#rest() : this.#rest().slice(0, length);
      this.#at += text.length;
      if (bare.test(text.trimEnd())) return text.trimEnd();
      if (text.trim() !== "") {
        const remedy = `Write it in double quotes if the ${thing} is really named so`;
        throw this.#error(
          `${JSON.stringify(text.trim())} as the name of a ${thing}`,
          remedy,
          start,
        );
      }
    }
    throw this.#error(`empty ${thing} name`, `Write the name of the ${thing}`, start);
  }

  #filter(field: TargetField): TargetTerm {
    this.#skipSpaces();
    const operator = this.#operator(field);
    this.#skipSpaces();
    const start = this.#at;
    return { kind: "filter", field, test: this.#test(operator, this.#value(operator), start) };
  }

  #operator(field: TargetField): Operator {
    const start = this.#at;
    const [operator = ""] = this.#rest().match(/^[=!<>~]+/) ?? [];
    this.#at += operator.length;
    switch (operator) {
      case "=":
      case "!=":
      case ">":
      case "<":
      case "~":
        return operator;
      case "": {
        const remedy = field.kind === "tag"
          ? `Write tag:${field.name}=VALUE, or tag:${field.name}~* for any value`
          : "Write =, !=, >, < or ~ and a value after the name";
        throw this.#error("missing operator", remedy, start);
      }
      default:
        throw this.#error(
          `unknown operator ${JSON.stringify(operator)}`,
          "Use =, !=, >, < or ~, and quote a value that begins with one",
          start,
        );
    }
  }

  #value(operator: Operator): string {
    if (this.#peek() === '"') return this.#lastQuoted();
    const text = this.#rest();
    if (text === "") {
      throw this.#error(`no value after "${operator}"`, 'Add the value, or "" for the empty text');
    }
    if (/^[-=!<>~]/.test(text)) {
      const problem = `value beginning with "${text.charAt(0)}"`;
      throw this.#error(problem, `Quote it: ${operator}${JSON.stringify(text)}`);
    }
    const quote = text.indexOf('"');
    if (quote !== -1) {
      const remedy = 'Quote the whole value, and write \\" for a quote in it';
      throw this.#error("a double quote inside a value", remedy, this.#at + quote);
    }
    this.#at = this.#end;
    return text;
  }

  #test(operator: Operator, text: string, start: number): ValueTest {
    switch (operator) {
      case "=":
      case "!=":
        return { operator, text };
      case ">":
      case "<": {
        const bound = NUMBER.test(text) ? Number(text) : NaN;
        if (Number.isFinite(bound)) return { operator, text, bound };
        const problem = `${JSON.stringify(text)} after "${operator}", which compares numbers,`;
        throw this.#error(problem, "Write a number such as 4000 or 0.5", start);
      }
      case "~":
        try {
          return { operator, text, glob: parseGlob(text) };
        } catch (error) {
          if (!(error instanceof GlobError)) throw error;
          throw this.#error(`malformed glob (${error.problem})`, error.remedy, start);
        }
    }
  }

  /** Reads quoted text that ends the condition. */
  #lastQuoted(): string {
    const text = this.#quoted();
    this.#skipSpaces();
    if (this.#at < this.#end) {
      throw this.#error("more text after a closing quote", "Separate with a comma or &");
    }
    return text;
  }

  /** Reads quoted text; that it is closed was settled when the spec was split. */
  #quoted(): string {
    this.#at += 1;
    let text = "";
    while (this.#peek() !== '"') {
      if (this.#peek() === "\\") {
        this.#at += 1;
        if (this.#peek() !== '"' && this.#peek() !== "\\") {
          throw this.#error(
            "a lone backslash in quotes",
            'Double it; only \\" and \\\\ are known there',
            this.#at - 1,
          );
        }
      }
      text += this.#peek();
      this.#at += 1;
    }
    this.#at += 1;
    return text;
  }

  #skipSpaces(): void {
    while (this.#peek() === " ") this.#at += 1;
  }

  #peek(): string {
    return this.#at < this.#end ? this.#source.charAt(this.#at) : "";
  }

  #rest(): string {
    return this.#source.slice(this.#at, this.#end);
  }

  #error(problem: string, remedy: string, index = this.#at): TargetSpecError {
    return new TargetSpecError(this.#source, problem, index + 1, remedy);
  }
}
