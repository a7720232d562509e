import type { FileLineParams } from "../../../shared/config/resources/file_line.ts";
import {
  type Edited,
  joinLines,
  type Line,
  matching,
  placeFor,
  removeLines,
  replaceLines,
  splitLines,
  tooMuchFor,
} from "./text_lines.ts";

/** Sees to it that a line is there, or that some are not. */
export function editLine(text: string, params: FileLineParams): Edited {
  const lines = splitLines(text);
  if (params.ensure === "absent") {
    const { line, match } = params;
    const tooMuch = tooMuchFor([match], lines);
    if (tooMuch !== undefined) return { ok: false, reason: tooMuch };
    const goes = match === undefined ? isText(line ?? "") : matching(match);
    return { ok: true, text: joinLines(removeLines(lines, goes)) };
  }
  const { line, match, multiple } = params;
  const isThere = lines.some(isText(line));
  if (isThere && !multiple) return { ok: true, text };
  const tooMuch = tooMuchFor([match, params.insert_after, params.insert_before], lines);
  if (tooMuch !== undefined) return { ok: false, reason: tooMuch };
  const matches = match === undefined ? () => false : matching(match);
  const matched = [...lines.entries()].filter(([, found]) => matches(found));
  if (matched.length > 1 && !multiple) {
    const numbers = matched.map(([index]) => index + 1).slice(0, 5).join(", ");
    return {
      ok: false,
      reason: `${matched.length} lines match ${JSON.stringify(match)} (${numbers}${
        matched.length > 5 ? ", …" : ""
      }); narrow it, or set multiple: true`,
    };
  }
  if (matched.length > 0) {
    const positions = new Set(matched.map(([index]) => index));
    const replaced = lines.map((found, index) =>
      positions.has(index) ? { ...found, text: line } : found
    );
    return { ok: true, text: joinLines(replaced) };
  }
  if (isThere) return { ok: true, text };
  return { ok: true, text: joinLines(replaceLines(lines, placeFor(lines, params), 0, [line])) };
}

function isText(text: string): (line: Line) => boolean {
  return (line) => line.text === text;
}
