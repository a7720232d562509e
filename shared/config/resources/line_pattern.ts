import { z } from "zod";

const MAX_PATTERN_LENGTH = 1000;
const HINT = 'expected a regular expression like "^#?Port "';

/**
 * A regular expression (ECMAScript, with the `u` flag) that is tried on one line at a time. A repetition of a group that
 * repeats something itself, as in `(a+)+`, is refused: it may take for ever on a line that nearly matches, and the agent
 * with it.
 */
export const linePattern = z.string({ error: HINT }).min(1, HINT).max(MAX_PATTERN_LENGTH)
  .superRefine((pattern, context) => {
    try {
      new RegExp(pattern, "u");
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      context.addIssue({ code: "custom", message: `${HINT}: ${detail}` });
      return;
    }
    if (nestsRepetition(pattern)) {
      context.addIssue({
        code: "custom",
        message: "repeats a group that repeats something itself, like (a+)+: write it flat",
      });
    }
  });

/** Whether a group that holds a repetition is repeated. The pattern is one that compiles. */
function nestsRepetition(pattern: string): boolean {
  const repeats: boolean[] = [false];
  let isInClass = false;
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index];
    if (character === "\\") index++;
    else if (isInClass) isInClass = character !== "]";
    else if (character === "[") isInClass = true;
    else if (character === "(") repeats.push(false);
    else if (character === ")") {
      const inner = repeats.pop() === true;
      if (inner && isRepetition(pattern.slice(index + 1))) return true;
      if (inner) repeats[repeats.length - 1] = true;
    } else if (isRepetition(pattern.slice(index, index + 12))) repeats[repeats.length - 1] = true;
  }
  return false;
}

/** `*`, `+`, and counts with more than one possible value. */
function isRepetition(text: string): boolean {
  return /^(?:[*+]|\{\d+,\d*\})/.test(text);
}
