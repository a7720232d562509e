import { compilePattern, type PatternTest } from "../config/resources/linear_pattern.ts";

/** What a parameter may hold. `string`: any text; `integer`: digits, with a sign in front; `boolean`: `true` or `false`. */
export const PARAMETER_TYPES = ["string", "integer", "boolean"] as const;

export type ParameterType = typeof PARAMETER_TYPES[number];

/** A parameter of a named task. */
export interface TaskParameter {
  readonly name: string;
  readonly description: string;
  readonly type: ParameterType;
  /** Whether a run must give it. One that need not be given and has no default is empty text. */
  readonly required: boolean;
  readonly default: string | undefined;
  readonly pattern: ParameterPattern | undefined;
}

/** What the whole of a value must match. */
export interface ParameterPattern {
  readonly source: string;
  readonly matches: PatternTest;
}

/** Longest value, in UTF-16 code units. */
export const MAX_PARAMETER_LENGTH = 4_096;
/** Digits of an integer. */
const INTEGER = /^-?\d{1,18}$/;

/** A pattern in the syntax of RE2, for the whole of a value. */
export function parseParameterPattern(
  source: string,
): { readonly ok: true; readonly pattern: ParameterPattern } | {
  readonly ok: false;
  readonly reason: string;
} {
  // By itself first: a bracket that closes another's would let the rest out of the anchors.
  const alone = compilePattern(source);
  if (!alone.ok) return alone;
  const whole = compilePattern(`\\A(?:${source})\\z`);
  return whole.ok ? { ok: true, pattern: { source, matches: whole.test } } : whole;
}

/** What is wrong with a value for a parameter; `undefined` if nothing. */
export function judgeParameter(
  { type, pattern }: Pick<TaskParameter, "type" | "pattern">,
  value: string,
): string | undefined {
  if (value.length > MAX_PARAMETER_LENGTH) {
    return `it has ${value.length} characters, at most ${MAX_PARAMETER_LENGTH} may be`;
  }
  if (value.includes("\0") || !value.isWellFormed()) return "expected text without zero bytes";
  if (type === "integer" && !INTEGER.test(value)) return "expected a whole number";
  if (type === "boolean" && value !== "true" && value !== "false") return "expected true or false";
  return pattern && !pattern.matches(value) ? `expected to match ${pattern.source}` : undefined;
}
