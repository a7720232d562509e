import type { Json } from "../../../shared/canonical/canonical_json.ts";
import { type JsonFileParams, pointerSteps } from "../../../shared/config/resources/json_file.ts";
import {
  type JsonMember,
  type JsonNode,
  JsonSyntaxError,
  parseJson,
  skipBlank,
} from "./parse_json.ts";
import type { Edited } from "./text_lines.ts";

/** Longest text, in characters: each change reads the whole again. */
export const MAX_JSON_LENGTH = 1024 * 1024;
const DEFAULT_INDENT = "  ";
const EMPTY_DOCUMENT = "{}\n";

/**
 * Sets and removes values in a text of JSON. What is not named keeps its formatting, order and comments; a value that is
 * replaced gets the formatting of a new one, and what stands between a removed member and the next one goes with it.
 */
export function editJson(text: string, params: JsonFileParams): Edited {
  if (text.length > MAX_JSON_LENGTH) {
    return { ok: false, reason: `it has more than ${MAX_JSON_LENGTH} characters` };
  }
  try {
    return { ok: true, text: edit(text, params) };
  } catch (error) {
    if (error instanceof JsonSyntaxError || error instanceof CannotPlace) {
      return { ok: false, reason: error.message };
    }
    throw error;
  }
}

/** A pointer leads to where nothing can be put. */
class CannotPlace extends Error {
  override readonly name = "CannotPlace";
}

function edit(text: string, { set, remove }: JsonFileParams): string {
  const isEmpty = text.trim() === "";
  let document = new Document(isEmpty ? EMPTY_DOCUMENT : text);
  for (const [pointer, value] of Object.entries(set)) {
    // The schema admits nothing but JSON.
    document = document.with(pointer, value as Json);
  }
  for (const pointer of remove) document = document.without(pointer);
  // A file that is not there need not be made to lack something.
  return isEmpty && document.text === EMPTY_DOCUMENT ? text : document.text;
}

class Document {
  readonly #root: JsonNode;
  readonly #layout: Layout;

  constructor(readonly text: string) {
    this.#root = parseJson(text);
    this.#layout = readLayout(text);
  }

  with(pointer: string, value: Json): Document {
    const { node, parent, rest } = this.#find(pointer);
    if (rest.length === 0) {
      if (isSame(node, value)) return this;
      return this.#splice(node.start, node.end, this.#render(value, this.#indentAt(node.start)));
    }
    const [step = "", ...below] = rest;
    const wanted = below.reduceRight<Json>((inner, key) => ({ [key]: inner }), value);
    if (node.kind === "object") {
      return this.#append(node, spanOf(node.members.at(-1)), wanted, step);
    }
    if (node.kind === "array" && step === String(node.items.length)) {
      return this.#append(node, node.items.at(-1), wanted, undefined);
    }
    throw new CannotPlace(
      `cannot set ${JSON.stringify(pointer)}: ${
        node.kind === "array"
          ? `the list has ${node.items.length} items, and ${
            JSON.stringify(step)
          } is neither one nor next`
          : `${parent === undefined ? "the file" : "what is above it"} is no object`
      }`,
    );
  }

  without(pointer: string): Document {
    const { node, parent, rest } = this.#find(pointer);
    if (rest.length > 0 || parent === undefined) return this;
    if (parent.kind !== "object") {
      throw new CannotPlace(
        `cannot remove ${
          JSON.stringify(pointer)
        }: another item would move to its place in the list`,
      );
    }
    const index = parent.members.findIndex(({ value }) => value === node);
    const member = parent.members[index], next = parent.members[index + 1];
    const previous = parent.members[index - 1];
    // Members are found by their values, which are parts of this document.
    if (member === undefined) throw new Error("unreachable: a value without its member");
    if (next !== undefined) return this.#splice(member.start, next.start, "");
    if (previous !== undefined) return this.#splice(previous.value.end, member.value.end, "");
    return this.#splice(parent.start, parent.end, "{}");
  }

  /** The deepest value on the way, what holds it, and the steps that lead on from there. */
  #find(pointer: string): {
    readonly node: JsonNode;
    readonly parent: JsonNode | undefined;
    readonly rest: readonly string[];
  } {
    const steps = pointerSteps(pointer);
    let node = this.#root, parent: JsonNode | undefined;
    for (const [taken, step] of steps.entries()) {
      const next = childOf(node, step);
      if (next === undefined) return { node, parent, rest: steps.slice(taken) };
      parent = node;
      node = next;
    }
    return { node, parent, rest: [] };
  }

  #append(
    container: JsonNode,
    last: Span | undefined,
    value: Json,
    key: string | undefined,
  ): Document {
    const { isCompact, indent, end } = this.#layout;
    const label = key === undefined ? "" : `${JSON.stringify(key)}:${isCompact ? "" : " "}`;
    if (last === undefined) {
      const outer = this.#indentAt(container.start);
      const inner = outer + indent;
      const open = container.start + 1, close = container.end - 1;
      // A comment in it stays.
      const kept = this.text.slice(open, close).trim() === "" ? open : close;
      const content = `${label}${this.#render(value, inner)}`;
      const spaced = this.#isSingleLine ? content : `${end}${inner}${content}${end}${outer}`;
      return this.#splice(kept, close, spaced);
    }
    const firstStart = this.#isSingleLine || !this.#standsAlone(last.start)
      ? undefined
      : last.start;
    const inner = firstStart === undefined ? undefined : this.#indentAt(firstStart);
    const gap = inner === undefined ? (isCompact ? "" : " ") : `${end}${inner}`;
    const content = `${gap}${label}${
      this.#render(value, inner ?? this.#indentAt(container.start))
    }`;
    const comma = skipBlank(this.text, last.end);
    if (this.text[comma] === ",") return this.#splice(comma + 1, comma + 1, `${content},`);
    // What is said behind the last value is about that one.
    const remark = inner === undefined
      ? ""
      : /^[ \t]*(?:\/\/[^\n]*|\/\*[^\n]*?\*\/[ \t]*(?=\r?\n))?/
        .exec(this.text.slice(last.end))?.[0].replace(/\r$/, "") ?? "";
    return this.#splice(last.end, last.end + remark.length, `,${remark.trimEnd()}${content}`);
  }

  get #isSingleLine(): boolean {
    return this.#layout.isSingleLine;
  }

  /** Whether something is the first of its line. */
  #standsAlone(at: number): boolean {
    return this.text.slice(this.text.lastIndexOf("\n", at - 1) + 1, at).trim() === "" &&
      this.text.lastIndexOf("\n", at - 1) !== -1;
  }

  #indentAt(at: number): string {
    const line = this.text.slice(this.text.lastIndexOf("\n", at - 1) + 1, at);
    return /^[ \t]*/.exec(line)?.[0] ?? "";
  }

  #render(value: Json, indent: string): string {
    const { isSingleLine, isCompact } = this.#layout;
    if (isSingleLine) {
      return isCompact ? JSON.stringify(value) : spaced(value);
    }
    return JSON.stringify(value, null, this.#layout.indent)
      .replaceAll("\n", `${this.#layout.end}${indent}`);
  }

  #splice(start: number, end: number, text: string): Document {
    return new Document(this.text.slice(0, start) + text + this.text.slice(end));
  }
}

/** How a document is written, so that new values look like the others. */
interface Layout {
  /** Nothing but a line end at its end. */
  readonly isSingleLine: boolean;
  /** No blank behind colons. */
  readonly isCompact: boolean;
  readonly indent: string;
  readonly end: "\n" | "\r\n";
}

function readLayout(text: string): Layout {
  const isSingleLine = !text.trim().includes("\n") && text.trim() !== "{}";
  return {
    isSingleLine,
    isCompact: isSingleLine && !/":\s/.test(text) && /":/.test(text),
    indent: /\n([ \t]+)\S/.exec(text)?.[1] ?? DEFAULT_INDENT,
    end: text.includes("\r\n") ? "\r\n" : "\n",
  };
}

function spaced(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, inner]) =>
    `${JSON.stringify(key)}: ${spaced(inner ?? null)}`
  );
  return `{${members.join(", ")}}`;
}

function isJsonObject(value: Json): value is { readonly [key: string]: Json | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Where a member or an item stands. */
interface Span {
  readonly start: number;
  readonly end: number;
}

function spanOf(member: JsonMember | undefined): Span | undefined {
  return member && { start: member.start, end: member.value.end };
}

function childOf(node: JsonNode, step: string): JsonNode | undefined {
  if (node.kind === "object") return node.members.find(({ key }) => key === step)?.value;
  if (node.kind !== "array" || !/^(?:0|[1-9]\d*)$/.test(step)) return undefined;
  return node.items[Number(step)];
}

function isSame(node: JsonNode, value: Json): boolean {
  if (node.kind === "scalar") return node.value === value;
  if (node.kind === "array") {
    return Array.isArray(value) && value.length === node.items.length &&
      node.items.every((item, index) => {
        const wanted = value[index];
        return wanted !== undefined && isSame(item, wanted);
      });
  }
  if (!isJsonObject(value)) return false;
  return Object.keys(value).length === node.members.length &&
    node.members.every(({ key, value: member }) => {
      const wanted = Object.hasOwn(value, key) ? value[key] : undefined;
      return wanted !== undefined && isSame(member, wanted);
    });
}
