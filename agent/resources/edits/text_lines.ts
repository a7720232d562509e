import {
  acceptedPattern,
  MAX_SEARCH_STEPS,
} from "../../../shared/config/resources/linear_pattern.ts";

/** Longest line that a pattern is tried on: what a line may have that a policy writes. */
export const MAX_MATCHED_LENGTH = 64 * 1024;

/** One line of a text and what ends it; only the last may have no end. */
export interface Line {
  readonly text: string;
  readonly end: "\n" | "\r\n" | "";
}

/** What an edit makes of a text, or why it cannot be made. An edit of what it made changes nothing. */
export type Edited =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string };

/** Lines with their ends, so that {@linkcode joinLines} gives the same text again. */
export function splitLines(text: string): readonly Line[] {
  const lines: Line[] = [];
  for (const [, line = "", end = ""] of text.matchAll(/([^\n]*?)(\r?\n|$)/g)) {
    // Proven by the pattern; after a final line end it matches once more, and nothing.
    if (line !== "" || end !== "") lines.push({ text: line, end: end as Line["end"] });
  }
  return lines;
}

export function joinLines(lines: readonly Line[]): string {
  return lines.map(({ text, end }) => text + end).join("");
}

/**
 * Puts `texts` in the place of `count` lines from `start` on. New lines end as the first line does, and the last one has an
 * end exactly if the last one had one before.
 */
export function replaceLines(
  lines: readonly Line[],
  start: number,
  count: number,
  texts: readonly string[],
): readonly Line[] {
  const end = lines[0]?.end === "\r\n" ? "\r\n" : "\n";
  const hasFinalEnd = lines.length === 0 || lines.at(-1)?.end !== "";
  const replaced: Line[] = [
    ...lines.slice(0, start),
    ...texts.map((text): Line => ({ text, end })),
    ...lines.slice(start + count),
  ];
  return replaced.map((line, index) => ({
    text: line.text,
    end: index < replaced.length - 1 || hasFinalEnd ? line.end || end : "",
  }));
}

/** Takes lines away; what is left ends as the whole did. */
export function removeLines(
  lines: readonly Line[],
  goes: (line: Line, index: number) => boolean,
): readonly Line[] {
  const left = lines.filter((line, index) => !goes(line, index));
  const isLastCut = lines.at(-1)?.end === "";
  return left.map((line, index) =>
    isLastCut && index === left.length - 1 ? { ...line, end: "" } : line
  );
}

/** Where a new line goes. */
export interface Placement {
  /** Behind the last line that matches. */
  readonly insert_after?: string | undefined;
  /** In front of the first line that matches. */
  readonly insert_before?: string | undefined;
}

/** The position for new lines: as wanted, or the end where no line matches. */
export function placeFor(
  lines: readonly Line[],
  { insert_after: after, insert_before: before }: Placement,
): number {
  if (after !== undefined) {
    const index = lines.findLastIndex(matching(after));
    return index === -1 ? lines.length : index + 1;
  }
  const index = before === undefined ? -1 : lines.findIndex(matching(before));
  return index === -1 ? lines.length : index;
}

/** A test of lines against a pattern. */
export function matching(pattern: string): (line: Line) => boolean {
  const { test } = acceptedPattern(pattern);
  return ({ text }) => test(text);
}

/** Why patterns are not tried on a text, if there are any: a line of it is too long, or all of it for one of them. */
export function tooMuchFor(
  patterns: readonly (string | undefined)[],
  lines: readonly Line[],
): string | undefined {
  const given = patterns.filter((pattern) => pattern !== undefined);
  if (given.length === 0) return undefined;
  let length = 0;
  for (const [index, { text }] of lines.entries()) {
    length += text.length;
    if (text.length > MAX_MATCHED_LENGTH) {
      return `line ${
        index + 1
      } has more than ${MAX_MATCHED_LENGTH} characters: no pattern is tried on it`;
    }
  }
  const slow = given.find((one) => acceptedPattern(one).size * length > MAX_SEARCH_STEPS);
  return slow === undefined
    ? undefined
    : `it has ${length} characters, too many for ${JSON.stringify(slow)}: use smaller counts in it`;
}
