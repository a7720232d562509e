import { TargetSpecError } from "./target_spec_error.ts";

/** A stretch of a target spec, spaces around it left out. */
export interface Slice {
  readonly text: string;
  /** Index of `text` in the spec, from 0. */
  readonly start: number;
}

/** Most conditions in one spec: a server judges all of them for every envoy it knows. */
export const MAX_TARGET_TERMS = 512;

/**
 * Cuts a target spec at its commas into parts, and those at each `&` into conditions, leaving double-quoted text whole.
 *
 * @throws {TargetSpecError} if a condition is empty, a quote stays open, or there are more than
 * {@linkcode MAX_TARGET_TERMS} conditions.
 */
export function splitTarget(source: string): Slice[][] {
  const parts: Slice[][] = [];
  let terms: Slice[] = [];
  let start = 0;
  let count = 0;
  for (const end of separators(source)) {
    const bare = source.slice(start, end);
    const text = bare.trim();
    if (text === "") throw emptyPattern(source, start, end);
    count += 1;
    if (count > MAX_TARGET_TERMS) {
      throw new TargetSpecError(
        source,
        `more than ${MAX_TARGET_TERMS} conditions`,
        start + 1,
        "Use globs or a filter",
      );
    }
    terms.push({ text, start: start + bare.length - bare.trimStart().length });
    if (source[end] !== "&") {
      parts.push(terms);
      terms = [];
    }
    start = end + 1;
  }
  return parts;
}

/** The index of every comma and `&` outside quotes, then that of the end. */
function* separators(source: string): Generator<number> {
  let openQuote: number | undefined;
  for (let at = 0; at < source.length; at += 1) {
    const character = source[at];
    if (character === '"') {
      openQuote = openQuote === undefined ? at : undefined;
    } else if (openQuote !== undefined) {
      if (character === "\\") at += 1;
    } else if (character === "," || character === "&") {
      yield at;
    }
  }
  if (openQuote !== undefined) {
    const problem = "a double quote that is never closed";
    throw new TargetSpecError(source, problem, openQuote + 1, "Close it, or remove it");
  }
  yield source.length;
}

function emptyPattern(source: string, start: number, end: number): TargetSpecError {
  const separator = source[end] ?? source[start - 1];
  if (separator === undefined) {
    const remedy = 'Name hosts, write a filter such as os.distro=debian, or "*" for every envoy';
    return new TargetSpecError(source, "nothing is named", 1, remedy);
  }
  const name = separator === "," ? "comma" : '"&"';
  const remedy = `Remove the ${name} or add a pattern`;
  return new TargetSpecError(source, "empty pattern", start + 1, remedy);
}
