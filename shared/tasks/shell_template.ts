import { quoteForShell } from "../terminal/completion_state.ts";
import {
  findQuotingMistakes,
  type ShellSymbol,
  type ShellTemplateMistake,
} from "./shell_quoting.ts";

/** A parameter that a command names, and where. */
export interface ParameterUse {
  readonly name: string;
  /** In the text of the template. */
  readonly offset: number;
}

export type ParsedShellTemplate =
  | { readonly ok: true; readonly template: ShellTemplate }
  | { readonly ok: false; readonly mistakes: readonly ShellTemplateMistake[] };

/** `{{ params.name }}`, or `{{ "{{" }}` for braces that are the command's own; whatever else begins so is a mistake. */
const TAG =
  /\{\{\s*params\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}|\{\{\s*("\{\{")\s*\}\}|\{\{[^{}\n]{0,80}\}\}|\{\{|\{%/g;

/**
 * A command of a shell with places for parameters: `systemctl restart -- {{ params.unit }}`.
 *
 * A value goes in as one word in single quotes, which end at no character of it (POSIX.1-2024, XCU 2.2.2), so that it reaches the
 * command as it is, whatever it holds. That is so where the shell reads words, and nowhere else: a place inside of quotes, a
 * comment or a calculation is refused, and so is a command in which it cannot be told for sure. The language is this and no more: what
 * a value can change is data.
 */
export class ShellTemplate {
  readonly #parts: readonly (string | ParameterUse)[];

  private constructor(readonly text: string, parts: readonly (string | ParameterUse)[]) {
    this.#parts = parts;
  }

  /** Parses a command; everything that is wrong with it is found at once. */
  static parse(text: string): ParsedShellTemplate {
    const parts: (string | ParameterUse)[] = [];
    const mistakes: ShellTemplateMistake[] = [];
    let end = 0;
    for (const match of text.matchAll(TAG)) {
      const [tag, name, braces] = match;
      parts.push(text.slice(end, match.index));
      end = match.index + tag.length;
      if (name !== undefined) parts.push({ name, offset: match.index });
      else if (braces !== undefined) parts.push("{{");
      else {
        mistakes.push({
          offset: match.index,
          message: `${JSON.stringify(tag)} names no parameter: expected {{ params.NAME }}; ${
            tag.startsWith("{%")
              ? "a command has no tags"
              : 'for braces of the command itself write {{ "{{" }}'
          }`,
        });
      }
    }
    parts.push(text.slice(end));
    // Without parameters there is nothing that quotes must hold.
    const hasParameters = parts.some((part) => typeof part !== "string");
    if (hasParameters) mistakes.push(...findQuotingMistakes(symbolsOf(text)));
    return mistakes.length === 0
      ? { ok: true, template: new ShellTemplate(text, parts) }
      : { ok: false, mistakes };
  }

  /** Every place where a parameter stands, in order. */
  uses(): readonly ParameterUse[] {
    return this.#parts.filter((part) => typeof part !== "string");
  }

  /**
   * The command with a value in each place.
   *
   * @throws {RangeError} if a parameter has no value, or one with a zero byte, which no argument can hold.
   */
  fill(values: ReadonlyMap<string, string>): string {
    return this.#parts.map((part) => {
      if (typeof part === "string") return part;
      const value = values.get(part.name);
      if (value === undefined) throw new RangeError(`Parameter ${part.name} has no value`);
      if (value.includes("\0")) throw new RangeError(`Parameter ${part.name} has a zero byte`);
      return quoteForShell(value);
    }).join("");
  }
}

/** The characters that the shell will read, each with where it comes from, and a value as one symbol. */
function symbolsOf(text: string): ShellSymbol[] {
  const symbols: ShellSymbol[] = [];
  const add = (from: string, offset: number) => {
    for (let at = 0; at < from.length; at++) {
      symbols.push({ character: from.charAt(at), offset: offset + at });
    }
  };
  let end = 0;
  for (const { 0: tag, 1: name, 2: braces, index } of text.matchAll(TAG)) {
    add(text.slice(end, index), end);
    end = index + tag.length;
    if (name !== undefined) symbols.push({ character: undefined, offset: index });
    else if (braces !== undefined) add("{{", index);
    else add(tag, index);
  }
  add(text.slice(end), end);
  return symbols;
}
