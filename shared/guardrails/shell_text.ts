/** Most words that braces make of one. */
const MAX_BRACE_WORDS = 64;
/** Deepest nesting of braces that is looked into. */
const MAX_BRACE_ROUNDS = 8;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["a", "\x07"],
]);

/** A position that was looked for, or the end of the script. */
export function endOf(script: string, position: number): number {
  return position < 0 ? script.length : position;
}

/** What stands between `$'` and `'`, and where the script goes on. */
export function readAnsiQuoted(script: string, start: number): { text: string; next: number } {
  let text = "";
  let at = start;
  while (at < script.length && script[at] !== "'") {
    const coded = /^\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{1,4})|(.))/s.exec(
      script.slice(at, at + 6),
    );
    if (!coded) {
      text += script[at] ?? "";
      at++;
      continue;
    }
    const [whole, hex, octal, unicode, single = ""] = coded;
    const code = hex ?? unicode;
    if (code !== undefined) text += String.fromCharCode(parseInt(code, 16));
    else if (octal !== undefined) text += String.fromCharCode(parseInt(octal, 8));
    else text += ESCAPES.get(single) ?? single;
    at += whole.length;
  }
  return { text, next: at + 1 };
}

/** Where the parenthesis that is open before `start` is closed, or the end of the script. */
export function closingParenthesis(script: string, start: number): number {
  let open = 1;
  for (let at = start; at < script.length; at++) {
    if (script[at] === "\\") at++;
    else if (script[at] === "(") open++;
    else if (script[at] === ")" && --open === 0) return at;
  }
  return script.length;
}

/** `a{b,c}` is `ab` and `ac`. */
export function expandBraces(word: string): readonly string[] {
  let words = [word];
  for (let round = 0; round < MAX_BRACE_ROUNDS && words.length < MAX_BRACE_WORDS; round++) {
    const expanded = words.flatMap((text) => {
      const found = /\{([^{}]*,[^{}]*)\}/.exec(text);
      if (!found) return [text];
      const before = text.slice(0, found.index);
      const after = text.slice(found.index + found[0].length);
      return (found[1] ?? "").split(",").map((part) => before + part + after);
    });
    if (expanded.length === words.length) return words;
    words = expanded.slice(0, MAX_BRACE_WORDS);
  }
  return words;
}
