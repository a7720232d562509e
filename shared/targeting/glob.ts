/** A pattern by the rules of Go's `filepath.Match` (Unix), compiled once and matched many times. */
export interface Glob {
  matches(text: string): boolean;
}

/** A glob that cannot be read. The message is one line: the pattern, what is wrong with it, and what to do. */
export class GlobError extends SyntaxError {
  override readonly name = "GlobError";

  constructor(source: string, readonly problem: string, readonly remedy: string) {
    super(`Cannot read pattern ${JSON.stringify(source)}: ${problem}. ${remedy}`);
  }
}

type Step =
  | { readonly kind: "any_run" }
  | { readonly kind: "any_one" }
  | { readonly kind: "literal"; readonly character: string }
  | { readonly kind: "class"; readonly negated: boolean; readonly ranges: readonly Range[] };

/** An inclusive range of code points. */
type Range = readonly [low: number, high: number];

/**
 * Compiles a glob: `*` is any run without `/`, `?` one character but `/`, `[a-z]` and `[^a-z]` are classes, `\` takes the
 * next character as it is. Braces, parentheses and `!` mean nothing special, and `**` is `*`.
 *
 * Matching takes at most (pattern length × text length) steps, whatever both hold. A translation to a regular expression,
 * picomatch's included, backtracks exponentially in the number of stars, and patterns come from outside.
 *
 * @throws {GlobError} for what Go calls `ErrBadPattern`.
 * @see https://pkg.go.dev/path/filepath#Match
 */
export function parseGlob(source: string): Glob {
  const steps = readSteps([...source]);
  return { matches: (text) => matchSteps(steps, text) };
}

function readSteps(source: readonly string[]): Step[] {
  const steps: Step[] = [];
  let at = 0;
  while (at < source.length) {
    const character = source[at];
    if (character === "*") {
      if (steps.at(-1)?.kind !== "any_run") steps.push({ kind: "any_run" });
      at += 1;
    } else if (character === "?") {
      steps.push({ kind: "any_one" });
      at += 1;
    } else if (character === "[") {
      const { step, next } = readClass(source, at + 1);
      steps.push(step);
      at = next;
    } else {
      const { value, next } = readCharacter(source, at);
      steps.push({ kind: "literal", character: value });
      at = next;
    }
  }
  return steps;
}

function readClass(source: readonly string[], start: number): { step: Step; next: number } {
  const negated = source[start] === "^";
  let at = negated ? start + 1 : start;
  const ranges: Range[] = [];
  while (source[at] !== "]" || ranges.length === 0) {
    const low = readClassMember(source, at);
    const high = source[low.next] === "-" ? readClassMember(source, low.next + 1) : low;
    ranges.push([codePoint(low.value), codePoint(high.value)]);
    at = high.next;
  }
  return { step: { kind: "class", negated, ranges }, next: at + 1 };
}

function readClassMember(source: readonly string[], at: number) {
  const character = source[at];
  if (character === undefined) {
    throw new GlobError(source.join(""), '"[" is never closed', 'Add "]", or write "\\["');
  }
  if (character === "]") {
    throw new GlobError(source.join(""), 'nothing stands between "[" and "]"', "Name a character");
  }
  if (character === "-") {
    throw new GlobError(
      source.join(""),
      'a "-" in brackets has no character beside it',
      'Write "\\-" for the dash itself',
    );
  }
  return readCharacter(source, at);
}

function readCharacter(source: readonly string[], at: number): { value: string; next: number } {
  const escaped = source[at] === "\\";
  const value = source[escaped ? at + 1 : at];
  if (value === undefined) {
    throw new GlobError(source.join(""), "it ends in a backslash", "Remove or double it");
  }
  return { value, next: at + (escaped ? 2 : 1) };
}

/**
 * Walks both sides once. Only the last star seen is ever tried again: what an earlier one could swallow, a later one can
 * too, up to a `/`, which none swallows.
 */
function matchSteps(steps: readonly Step[], text: string): boolean {
  const characters = [...text];
  let step = 0;
  let at = 0;
  let retry: { readonly step: number; at: number } | undefined;
  while (at < characters.length || step < steps.length) {
    const current = steps[step];
    const character = characters[at];
    if (current?.kind === "any_run") {
      step += 1;
      retry = { step, at };
    } else if (current && character !== undefined && accepts(current, character)) {
      step += 1;
      at += 1;
    } else {
      const swallowed = retry && characters[retry.at];
      if (!retry || swallowed === undefined || swallowed === "/") return false;
      retry.at += 1;
      step = retry.step;
      at = retry.at;
    }
  }
  return true;
}

function accepts(step: Exclude<Step, { kind: "any_run" }>, character: string): boolean {
  switch (step.kind) {
    case "any_one":
      return character !== "/";
    case "literal":
      return step.character === character;
    case "class": {
      const point = codePoint(character);
      return step.ranges.some(([low, high]) => low <= point && point <= high) !== step.negated;
    }
  }
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0;
}
