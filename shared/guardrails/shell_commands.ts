import { closingParenthesis, endOf, expandBraces, readAnsiQuoted } from "./shell_text.ts";

/** One command of a script as a shell would run it, as far as that can be told without running it. */
export interface ShellCommand {
  /** Program and arguments, without quotes; what is substituted at run time is left out. */
  readonly words: readonly string[];
  /** Files that its output would replace or lengthen. */
  readonly outputs: readonly string[];
  /** The folder it runs in, if the script has said. */
  readonly folder: string;
  /** Set if more arguments come from its input, as with `xargs`. */
  readonly takesInput?: boolean;
  /** The text that the script itself gives it to read: a here-document or a here-string. */
  readonly input?: string;
}

/** A here-document whose lines follow the line that names it. */
interface HereDocument {
  readonly delimiter: string;
  /** Nothing in it stands for something else. */
  readonly isLiteral: boolean;
  readonly isIndented: boolean;
}

/** What stands around the words of one command. */
interface Redirects {
  readonly outputs: string[];
  readonly texts: string[];
  readonly documents: HereDocument[];
}

function noRedirects(): Redirects {
  return { outputs: [], texts: [], documents: [] };
}

/** Deepest nesting of substitutions, subshells and `sh -c` that is looked into. */
const MAX_DEPTH = 8;
/** Most commands looked at in one script. */
export const MAX_COMMANDS = 2_000;

/** Most words looked at in one script, and most characters that its variables and substitutions stand for in all. */
const MAX_WORDS = 10_000;
const MAX_EXPANDED_LENGTH = 64 * 1024;

/** What separates commands. */
const SEPARATORS: ReadonlySet<string> = new Set([";", "&", "|", "\n", "(", ")", "`"]);
/** Between words. To a shell every other white space, such as a no-break space, is a letter like any. */
const BLANKS: ReadonlySet<string> = new Set([" ", "\t", "\r"]);
/** Where a word ends; each of these moves the reader on by itself. */
const ENDS_WORD: ReadonlySet<string> = new Set([
  ...BLANKS,
  "\n",
  ";",
  "&",
  "|",
  "(",
  ")",
  "<",
  ">",
]);
/** Words that stand before a command without being one. */
const KEYWORDS: ReadonlySet<string> = new Set([
  "if",
  "then",
  "else",
  "elif",
  "fi",
  "do",
  "done",
  "while",
  "until",
  "coproc",
  "{",
  "}",
  "!",
]);

/**
 * Takes a script apart into its commands: quotes, escapes, `$'…'`, comments, braces, substitutions, subshells, variables that
 * the script itself sets to constants, here-documents, and `cd`. It is no shell: what depends on the machine (other variables, aliases,
 * functions, what a substitution prints) is not known. It never throws, and takes time in the length of the script.
 */
export function readShellCommands(script: string): readonly ShellCommand[] {
  const reader = new ScriptReader();
  reader.read(script, 0);
  return reader.commands;
}

interface Expansion {
  readonly text: string;
  readonly next: number;
  /** Whether it stands for several values, one after the other. */
  readonly isLoop?: boolean;
}

/** Commands that print their arguments. */
const ECHOES: ReadonlySet<string> = new Set(["echo", "printf"]);
/** Commands that set variables. */
const DECLARATIONS: ReadonlySet<string> = new Set([
  "declare",
  "export",
  "local",
  "readonly",
  "typeset",
]);

class ScriptReader {
  readonly commands: ShellCommand[] = [];
  readonly #variables = new Map<string, string>();
  /** Variables of loops, which stand for all of their values. */
  readonly #loops = new Set<string>();
  #folder = "";
  #wordsLeft = MAX_WORDS;
  #expansionLeft = MAX_EXPANDED_LENGTH;

  read(script: string, depth: number): void {
    if (depth > MAX_DEPTH) return;
    let words: string[] = [];
    let redirects = noRedirects();
    let waiting: { readonly place: number | undefined; readonly document: HereDocument }[] = [];
    const end = () => {
      const place = this.#finish(words, redirects.outputs);
      for (const text of redirects.texts) this.#giveInput(place, text);
      for (const document of redirects.documents) waiting.push({ place, document });
      words = [];
      redirects = noRedirects();
    };
    const isFull = () => this.commands.length >= MAX_COMMANDS;
    for (let at = 0; at < script.length && !isFull();) {
      const character = script[at] ?? "";
      if (SEPARATORS.has(character)) {
        end();
        at++;
        if (character !== "\n") continue;
        for (const { place, document } of waiting) {
          const { text, next } = this.#readDocument(script, at, document, depth);
          this.#giveInput(place, text);
          at = next;
        }
        waiting = [];
      } else if (BLANKS.has(character)) at++;
      else if (character === "\\" && script[at + 1] === "\n") at += 2;
      else if (character === "#") {
        const line = script.indexOf("\n", at);
        at = line < 0 ? script.length : line;
      } else if (character === "<" || character === ">") {
        at = this.#readRedirect(script, at, depth, redirects);
      } else {
        const word = this.#readWord(script, at, depth);
        at = word.next;
        // The descriptor in front of a redirect is none of the words.
        const isDescriptor = /^\d+$/.test(word.text) && /[<>]/.test(script[at] ?? "");
        // A shell splits what it expands outside quotes; a loop over several values is looked at as if it were one command.
        const parts = word.isExpanded ? word.text.split(/\s+/).filter(Boolean) : [word.text];
        if (!isDescriptor) words.push(...this.#withinLimit(parts.flatMap(expandBraces)));
      }
    }
    end();
  }

  #withinLimit(words: readonly string[]): readonly string[] {
    const taken = words.slice(0, this.#wordsLeft);
    this.#wordsLeft -= taken.length;
    return taken;
  }

  /** What stands for something else; nothing once that has become too much, as where variables double each other. */
  #expand(text: string): string {
    if (text.length > this.#expansionLeft) return "";
    this.#expansionLeft -= text.length;
    return text;
  }

  #readRedirect(script: string, start: number, depth: number, redirects: Redirects): number {
    const operator = /^(<<<|<<-?|<>|<&|<|>>|>&|>\||>)/.exec(script.slice(start, start + 3))?.[0] ??
      ">";
    let at = start + operator.length;
    while (script[at] === " " || script[at] === "\t") at++;
    const word = this.#readWord(script, at, depth);
    if (operator.startsWith(">") || operator === "<>") {
      redirects.outputs.push(...expandBraces(word.text));
    } else if (operator === "<<<") redirects.texts.push(word.text);
    else if (operator.startsWith("<<")) {
      redirects.documents.push({
        delimiter: word.text,
        isLiteral: /['"\\]/.test(script.slice(at, word.next)),
        isIndented: operator === "<<-",
      });
    }
    // An operator without a word moves on all the same.
    return Math.max(word.next, start + operator.length);
  }

  /** The lines up to the one that is the delimiter, or all that are left. */
  #readDocument(
    script: string,
    start: number,
    { delimiter, isLiteral, isIndented }: HereDocument,
    depth: number,
  ): { text: string; next: number } {
    const lines: string[] = [];
    let at = start;
    while (at < script.length) {
      const end = endOf(script, script.indexOf("\n", at));
      const line = script.slice(at, end).replace(isIndented ? /^\t+/ : "", "");
      at = end + 1;
      if (line === delimiter) break;
      lines.push(line);
    }
    const text = lines.join("\n");
    return { text: isLiteral ? text : this.#expandText(text, depth), next: at };
  }

  /** A text in which variables and substitutions count, and quotes do not. */
  #expandText(text: string, depth: number): string {
    let expanded = "";
    for (let at = 0; at < text.length;) {
      const character = text[at] ?? "";
      if (character === "\\") {
        expanded += text.slice(at, at + 2).replace(/^\\(?=[\\$`])/, "");
        at += 2;
      } else if (character === "$" || character === "`") {
        const found = character === "$"
          ? this.#readExpansion(text, at, depth)
          : this.#readBackquoted(text, at, depth);
        expanded += found.text;
        at = found.next;
      } else {
        expanded += character;
        at++;
      }
    }
    return expanded;
  }

  /** @param place of the command among all, if there is one. */
  #giveInput(place: number | undefined, text: string): void {
    const command = place === undefined ? undefined : this.commands[place];
    if (place === undefined || command === undefined) return;
    const input = command.input === undefined ? text : `${command.input}\n${text}`;
    this.commands[place] = { ...command, input };
  }

  #readWord(
    script: string,
    start: number,
    depth: number,
  ): { text: string; next: number; isExpanded: boolean } {
    let text = "";
    let at = start;
    let isExpanded = false;
    while (at < script.length) {
      const character = script[at] ?? "";
      if (ENDS_WORD.has(character)) break;
      if (character === "\\") {
        // A line goes on behind an escaped end.
        if (script[at + 1] !== "\n") text += script[at + 1] ?? "";
        at += 2;
      } else if (character === "'") {
        const close = endOf(script, script.indexOf("'", at + 1));
        text += script.slice(at + 1, close);
        at = close + 1;
      } else if (character === '"') {
        const quoted = this.#readDoubleQuoted(script, at + 1, depth);
        text += quoted.text;
        at = quoted.next;
        isExpanded ||= quoted.isLoop;
      } else if (character === "`") {
        const quoted = this.#readBackquoted(script, at, depth);
        text += quoted.text;
        at = quoted.next;
        isExpanded = true;
      } else if (character === "$") {
        const expanded = this.#readExpansion(script, at, depth);
        text += expanded.text;
        at = expanded.next;
        isExpanded = true;
      } else {
        text += character;
        at++;
      }
    }
    return { text, next: at, isExpanded };
  }

  #readDoubleQuoted(
    script: string,
    start: number,
    depth: number,
  ): { text: string; next: number; isLoop: boolean } {
    let text = "";
    let at = start;
    let isLoop = false;
    while (at < script.length && script[at] !== '"') {
      const character = script[at] ?? "";
      if (character === "\\") {
        const escaped = script[at + 1] ?? "";
        text += /["\\$`]/.test(escaped) ? escaped : escaped === "\n" ? "" : `\\${escaped}`;
        at += 2;
      } else if (character === "$" || character === "`") {
        const expanded = character === "$"
          ? this.#readExpansion(script, at, depth)
          : this.#readBackquoted(script, at, depth);
        text += expanded.text;
        at = expanded.next;
        isLoop ||= expanded.isLoop ?? false;
      } else {
        text += character;
        at++;
      }
    }
    return { text, next: at + 1, isLoop };
  }

  #readBackquoted(script: string, at: number, depth: number): Expansion {
    const close = endOf(script, script.indexOf("`", at + 1));
    return { text: this.#substitute(script.slice(at + 1, close), depth), next: close + 1 };
  }

  /** What a substitution prints is known if it only repeats its arguments. */
  #substitute(inner: string, depth: number): string {
    const known = this.commands.length;
    this.read(inner, depth + 1);
    const [only, second] = this.commands.slice(known);
    return only && !second && ECHOES.has(only.words[0] ?? "")
      ? this.#expand(only.words.slice(1).join(" "))
      : "";
  }

  /** At a dollar sign: a substitution is read as commands of its own, a variable that the script has set is its value. */
  #readExpansion(script: string, at: number, depth: number): Expansion {
    const following = script[at + 1];
    if (following === "'") return readAnsiQuoted(script, at + 2);
    if (following === "(") {
      const close = closingParenthesis(script, at + 2);
      return { text: this.#substitute(script.slice(at + 2, close), depth), next: close + 1 };
    }
    const found =
      /^\$(?:\{([A-Za-z_]\w*)(?::?[-=]([^}]{0,500})|[^}]{0,200})\}|([A-Za-z_]\w*|[1-9@*]))/.exec(
        script.slice(at, at + 600),
      );
    if (!found) return { text: "$", next: at + 1 };
    const [whole, inBraces, otherwise, plain] = found;
    const name = inBraces ?? plain ?? "";
    const value = this.#variables.get(name) ?? otherwise ?? (name === "IFS" ? " " : "");
    return { text: this.#expand(value), next: at + whole.length, isLoop: this.#loops.has(name) };
  }

  /** @returns where the command stands among all; `undefined` if there is none. */
  #finish(words: readonly string[], outputs: readonly string[]): number | undefined {
    let first = 0;
    for (; first < words.length; first++) {
      const word = words[first] ?? "";
      const assigned = /^([A-Za-z_]\w*)=(.*)$/s.exec(word);
      if (assigned) this.#variables.set(assigned[1] ?? "", assigned[2] ?? "");
      else if (!KEYWORDS.has(word)) break;
    }
    // A variable may hold a program together with its arguments.
    // `function name { …` is a name and then a command.
    if (words[first] === "function" && words[first + 2] === "{") first += 3;
    const rest = words.slice(first).flatMap((word, index) =>
      index === 0 ? word.split(/\s+/).filter((part) => part !== "") : [word]
    );
    if (rest.length === 0 && outputs.length === 0) return undefined;
    this.#noteVariables(rest);
    this.commands.push({ words: rest, outputs, folder: this.#folder });
    const place = this.commands.length - 1;
    if ((rest[0] === "cd" || rest[0] === "pushd") && rest[1] !== undefined) {
      const target = rest.slice(1).find((word) => !word.startsWith("-")) ?? "";
      this.#folder = target.startsWith("/") ? target : `${this.#folder}/${target}`;
    }
    return place;
  }

  #noteVariables([command = "", name = "", ...rest]: readonly string[]): void {
    if (command === "for" && rest[0] === "in") {
      this.#variables.set(name, rest.slice(1).join(" "));
      this.#loops.add(name);
    }
    if (command === "set") {
      const values = [name, ...rest].filter((word) => word !== "--");
      for (const [index, value] of values.entries()) this.#variables.set(`${index + 1}`, value);
      for (const all of ["@", "*"]) this.#variables.set(all, values.join(" "));
    }
    if (!DECLARATIONS.has(command)) return;
    for (const word of [name, ...rest]) {
      const assigned = /^([A-Za-z_]\w*)=(.*)$/s.exec(word);
      if (assigned) this.#variables.set(assigned[1] ?? "", assigned[2] ?? "");
    }
  }
}
