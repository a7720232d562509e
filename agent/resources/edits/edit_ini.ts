import type { IniParams } from "../../../shared/config/resources/ini.ts";
import {
  type Edited,
  joinLines,
  type Line,
  removeLines,
  replaceLines,
  splitLines,
} from "./text_lines.ts";

/** Sees to it that a setting has a value, or that it or its section is gone. */
export function editIni(text: string, params: IniParams): Edited {
  const lines = splitLines(text);
  const ranges = findSections(lines, params.section);
  if (params.ensure === "absent" && params.key === undefined) {
    return {
      ok: true,
      text: joinLines(removeLines(lines, (_line, i) => isIn(ranges, i, "heading"))),
    };
  }
  const { key = "" } = params;
  const settings = [...lines.entries()].flatMap(([index, line]) => {
    if (!isIn(ranges, index, "body")) return [];
    const setting = readSetting(line.text, params.separator);
    return setting?.key === key ? [{ ...setting, index }] : [];
  });
  const continued = settings.find(({ index }) => continues(lines[index + 1], params.separator));
  if (continued !== undefined) {
    return {
      ok: false,
      reason: `the value of "${key}" goes on after line ${continued.index + 1}; edit it by hand`,
    };
  }
  if (params.ensure === "absent") {
    const gone = new Set(settings.map(({ index }) => index));
    return { ok: true, text: joinLines(removeLines(lines, (_line, i) => gone.has(i))) };
  }
  const value = String(params.value);
  const [first, second] = settings;
  if (first === undefined) return { ok: true, text: insertSetting(lines, ranges, params, value) };
  if (second !== undefined) {
    const numbers = settings.slice(0, 5).map(({ index }) => index + 1).join(", ");
    return {
      ok: false,
      reason: `"${key}" stands there ${settings.length} times (lines ${numbers}); keep one`,
    };
  }
  if (first.value === value) return { ok: true, text };
  const replaced = lines.map((line, index) =>
    index === first.index ? { ...line, text: withValue(first, params.separator, value) } : line
  );
  return { ok: true, text: joinLines(replaced) };
}

/** Positions of lines: `start` is the heading (-1 without one), `end` the one after the last. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** Every section of this name; what stands in front of all sections has none. */
function findSections(lines: readonly Line[], name: string | undefined): readonly Range[] {
  const headings = [...lines.entries()].flatMap(([index, { text }]) => {
    const heading = /^\s*\[\s*([^\]]*?)\s*\]/.exec(text)?.[1];
    return heading === undefined ? [] : [{ index, heading }];
  });
  const endOf = (position: number) => headings[position + 1]?.index ?? lines.length;
  if (name === undefined) return [{ start: -1, end: endOf(-1) }];
  return headings.flatMap(({ index, heading }, position) =>
    heading === name.trim() ? [{ start: index, end: endOf(position) }] : []
  );
}

function isIn(ranges: readonly Range[], index: number, from: "heading" | "body"): boolean {
  return ranges.some(({ start, end }) =>
    index < end && (from === "heading" ? index >= start : index > start)
  );
}

interface Setting {
  readonly key: string;
  readonly value: string;
  /** Everything in front of the value. */
  readonly head: string;
}

function readSetting(text: string, separator: string): Setting | undefined {
  if (/^\s*([#;[]|$)/.test(text)) return undefined;
  const pattern = separator === " "
    ? /^(\s*(\S+)(?:\s+|$))(.*?)\s*$/
    : /^(\s*([^=:]*?)\s*[=:][^\S\n]*)(.*?)\s*$/;
  const [, head, key, value] = pattern.exec(text) ?? [];
  if (head === undefined || !key || value === undefined) return undefined;
  // A key alone has no blank to put a value behind.
  return { key, value, head: separator === " " && !/\s$/.test(head) ? `${head} ` : head };
}

/** What is in front of the value stays, but for the blank that an empty one does not have. */
function withValue({ head, value: old }: Setting, separator: string, value: string): string {
  const gap = old === "" && value !== "" && separator.endsWith(" ") && !/\s$/.test(head) ? " " : "";
  return value === "" ? head.trimEnd() : head + gap + value;
}

/** Whether a line is the rest of a value: indented, and no setting of its own. */
function continues(line: Line | undefined, separator: string): boolean {
  return line !== undefined && separator !== " " && /^\s+[^\s#;[]/.test(line.text) &&
    readSetting(line.text, separator) === undefined;
}

function insertSetting(
  lines: readonly Line[],
  ranges: readonly Range[],
  { section, key, separator }: Extract<IniParams, { ensure: "present" }>,
  value: string,
): string {
  const range = ranges[0];
  if (range === undefined) {
    const gap = lines.length > 0 && lines.at(-1)?.text.trim() !== "" ? [""] : [];
    const added = [...gap, `[${section}]`, `${key}${separator}${value}`.trimEnd()];
    return joinLines(replaceLines(lines, lines.length, 0, added));
  }
  // Behind the last line that says something, so that blank lines stay between sections.
  let at = range.end;
  while (at > range.start + 1 && lines[at - 1]?.text.trim() === "") at--;
  const indent = indentOf(lines.slice(range.start + 1, range.end), separator);
  const texts = [`${indent}${key}${separator}${value}`.trimEnd()];
  return joinLines(replaceLines(lines, at, 0, texts));
}

/** A new setting stands under the others of its section. */
function indentOf(lines: readonly Line[], separator: string): string {
  const last = lines.findLast(({ text }) => readSetting(text, separator) !== undefined);
  return /^\s*/.exec(last?.text ?? "")?.[0] ?? "";
}
