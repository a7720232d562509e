import { z } from "zod";
import { compilePattern } from "./linear_pattern.ts";

const MAX_PATTERN_LENGTH = 1000;

/** A schema of regular expressions as {@linkcode compilePattern} takes them; `hint` says what is expected. */
export function patternSchema(hint: string, maxLength: number) {
  return z.string({ error: hint }).min(1, hint).max(maxLength).superRefine((pattern, context) => {
    const compiled = compilePattern(pattern);
    if (compiled.ok) return;
    const message = `${hint}, in the syntax of RE2: ${compiled.reason}`;
    context.addIssue({ code: "custom", message });
  });
}

/** Tried on one line at a time. */
export const linePattern = patternSchema(
  'expected a regular expression like "^#?Port "',
  MAX_PATTERN_LENGTH,
);
