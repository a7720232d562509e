import {
  type BlockInFileParams,
  blockMarks,
} from "../../../shared/config/resources/blockinfile.ts";
import {
  type Edited,
  joinLines,
  type Line,
  placeFor,
  replaceLines,
  splitLines,
  tooMuchFor,
} from "./text_lines.ts";

/** Sees to it that a block is there between its marks, or that neither it nor they are. */
export function editBlock(text: string, params: BlockInFileParams): Edited {
  const lines = splitLines(text);
  const { begin, end } = blockMarks(params.marker);
  const found = findBlock(lines, begin, end);
  if (!found.ok) return found;
  const { start, count } = found;
  if (params.ensure === "absent") {
    return { ok: true, text: joinLines(replaceLines(lines, start, count, [])) };
  }
  const wanted = [begin, ...params.block.replace(/\r?\n$/, "").split(/\r?\n/), end];
  const current = lines.slice(start, start + count).map(({ text }) => text);
  if (current.join("\n") === wanted.join("\n")) return { ok: true, text };
  const placing = count === 0 ? [params.insert_after, params.insert_before] : [];
  const tooMuch = tooMuchFor(placing, lines);
  if (tooMuch !== undefined) return { ok: false, reason: tooMuch };
  const at = count === 0 ? placeFor(lines, params) : start;
  return { ok: true, text: joinLines(replaceLines(lines, at, count, wanted)) };
}

type FoundBlock =
  | { readonly ok: true; readonly start: number; readonly count: number }
  | { readonly ok: false; readonly reason: string };

/** Marks included; without any a block of no lines. What was damaged by hand is for a person to mend. */
function findBlock(lines: readonly Line[], begin: string, end: string): FoundBlock {
  const marks = [...lines.entries()].filter(([, { text }]) => text === begin || text === end);
  const [first, second, third] = marks;
  if (first === undefined) return { ok: true, start: 0, count: 0 };
  const isWhole = first[1].text === begin && second?.[1].text === end && third === undefined;
  if (isWhole) return { ok: true, start: first[0], count: second[0] - first[0] + 1 };
  const numbers = marks.slice(0, 5).map(([index]) => index + 1).join(", ");
  return {
    ok: false,
    reason: `expected one ${JSON.stringify(begin)} and one ${JSON.stringify(end)} after it; ` +
      `the marks in lines ${numbers} are something else. Mend them by hand`,
  };
}
