import { RE2JS, RE2JSException } from "@bufbuild/re2";

/** Largest pattern in instructions of the engine: `{1,90}` after a group of two letters has about 270. */
const MAX_INSTRUCTIONS = 500;

/** Most steps that one text is searched for, in characters times instructions: seconds where every step counts. */
export const MAX_SEARCH_STEPS = 250_000_000;

/** A test whether a pattern is found anywhere in a text; its time grows with the text's length and no faster. */
export type PatternTest = (text: string) => boolean;

export type CompiledPattern =
  | {
    readonly ok: true;
    readonly test: PatternTest;
    /** In instructions: each of them may be looked at once for each character. */
    readonly size: number;
  }
  | { readonly ok: false; readonly reason: string };

/**
 * Compiles a regular expression in the syntax of RE2, which has neither backreferences nor looking ahead or behind. What it
 * is tried on may belong to any user of the machine: an engine that backtracks could be kept busy for ever by one line.
 */
export function compilePattern(pattern: string): CompiledPattern {
  try {
    const compiled = RE2JS.compile(pattern);
    const size = compiled.re2().prog.numInst();
    if (size > MAX_INSTRUCTIONS) {
      return {
        ok: false,
        reason: `it has ${size} steps, and at most ${MAX_INSTRUCTIONS} may be: use smaller counts`,
      };
    }
    return { ok: true, size, test: (text) => compiled.test(text) };
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return { ok: false, reason: error.message.replace("error parsing regexp: ", "") };
  }
}

/**
 * A pattern that its schema has accepted.
 *
 * @throws {TypeError} if it does not compile after all.
 */
export function acceptedPattern(pattern: string) {
  const compiled = compilePattern(pattern);
  if (!compiled.ok) throw new TypeError(`Cannot use pattern "${pattern}": ${compiled.reason}`);
  return compiled;
}
