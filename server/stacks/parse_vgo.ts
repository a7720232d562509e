import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import { type Place, type ProblemList, quote } from "./problem_list.ts";
import type { VgoEntry, VgoNode, VgoScalar } from "./vgo_node.ts";

/** Largest `.vgo` file, in characters: a crate of thousands of resources fits, and parsing stays far below a second. */
export const MAX_VGO_LENGTH = 512 * 1024;
/** Deepest nesting of lists and maps: parameters are shallow, and recursion must end before the stack does. */
export const MAX_VGO_DEPTH = 32;
const TOO_DEEP = `lists and maps are nested deeper than ${MAX_VGO_DEPTH}`;
/** Most syntax errors reported for one file: after the first few the rest are echoes. */
const MAX_SYNTAX_ERRORS = 20;

/**
 * Reads the text of one `.vgo` file: YAML 1.2, one document, without aliases, anchors, tags and directives.
 * What is wrong goes to `problems`, with its place; the answer is undefined if the file holds nothing that can be read on.
 */
export function parseVgo(file: string, text: string, problems: ProblemList): VgoNode | undefined {
  const top = { file, line: 1, column: 1 };
  if (text.length > MAX_VGO_LENGTH) {
    problems.add(top, `file of ${text.length} characters: the limit is ${MAX_VGO_LENGTH}`);
    return undefined;
  }
  const lines = new LineCounter();
  const parsed = parseYaml(text, lines);
  if (parsed === "too deep") {
    problems.add(top, TOO_DEEP);
    return undefined;
  }
  const source = new Source(file, text, lines);
  const faults = [...parsed.errors, ...parsed.warnings];
  for (const fault of faults.slice(0, MAX_SYNTAX_ERRORS)) {
    problems.add(source.placeOf(fault.pos[0]), explainFault(fault, source));
  }
  if (parsed.directives?.yaml.explicit) {
    problems.add(top, 'unexpected directive "%YAML": remove it, stacks are YAML 1.2');
  }
  if (faults.length > 0) return undefined;
  if (parsed.contents === null) {
    problems.add(top, "file is empty: expected a map");
    return undefined;
  }
  return new NodeReader(source, problems).read(parsed.contents, 0);
}

function parseYaml(text: string, lineCounter: LineCounter): Document.Parsed | "too deep" {
  try {
    return parseDocument(text, {
      lineCounter,
      prettyErrors: false,
      uniqueKeys: false,
      strict: true,
      version: "1.2",
      schema: "core",
      merge: false,
      logLevel: "error",
    });
  } catch (error) {
    // The library composes by recursion and mostly reports when the stack ends; what it lets through means the same.
    if (error instanceof RangeError) return "too deep";
    throw error;
  }
}

class Source {
  constructor(
    readonly file: string,
    readonly text: string,
    private readonly lines: LineCounter,
  ) {}

  placeOf(offset: number): Place {
    const { line, col } = this.lines.linePos(Math.max(0, Math.min(offset, this.text.length)));
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  lineAt(offset: number): string {
    const start = this.text.lastIndexOf("\n", offset - 1) + 1;
    const end = this.text.indexOf("\n", offset);
    return this.text.slice(start, end < 0 ? undefined : end);
  }
}

function explainFault({ code, message, pos }: YAMLError, source: Source): string {
  const line = source.lineAt(pos[0]);
  if (code === "RESOURCE_EXHAUSTION") return TOO_DEEP;
  if (code === "TAB_AS_INDENT") return "tab used for indentation: use spaces";
  if (code === "MULTIPLE_DOCS") return 'second document after "---": put it into a file of its own';
  if (/(^|[:\-[,]\s+)\{[{%]/.test(line)) {
    return `value that starts with "{{" is not quoted: put ${quote(line.trim())} in quotes`;
  }
  if (source.text[pos[0]] === "*" || /[:\-[,]\s*\*/.test(line)) {
    return `pattern that starts with "*" is not quoted: put the value of ${
      quote(line.trim())
    } in quotes`;
  }
  return `cannot read ${quote(line.trim())}: ${message.split("\n")[0]}`;
}

class NodeReader {
  constructor(private readonly source: Source, private readonly problems: ProblemList) {}

  read(node: Node, depth: number): VgoNode {
    const place = this.source.placeOf(node.range?.[0] ?? 0);
    if (depth > MAX_VGO_DEPTH) return this.#refuse(place, TOO_DEEP);
    if (isAlias(node)) {
      const written = `*${node.source}`;
      return this.#refuse(
        place,
        `${
          quote(written)
        } is read as a YAML alias, which stacks do not have: quote it as '${written}' if it is a pattern`,
      );
    }
    if ("anchor" in node && node.anchor) {
      this.problems.add(
        place,
        `unexpected anchor ${quote(`&${node.anchor}`)}: use vars or defaults, or quote the value`,
      );
    }
    if (node.tag !== undefined && !isDefaultTag(node.tag)) {
      this.problems.add(place, `unexpected tag ${quote(node.tag)}: remove it, or quote the value`);
    }
    if (isMap(node)) return this.#readMap(node, place, depth);
    if (isSeq(node)) {
      // A parsed sequence holds nodes; the type also allows plain values for hand-made documents.
      const items = node.items.map((item) => this.read(item as Node, depth + 1));
      return { kind: "list", items, place };
    }
    if (isScalar(node)) return this.#readScalar(node.value, node.range ?? [0, 0, 0], place);
    throw new Error("unreachable: a YAML node is an alias, a map, a list or a scalar");
  }

  #refuse(place: Place, message: string): VgoNode {
    this.problems.add(place, message);
    return { kind: "unreadable", place };
  }

  #readMap(node: YAMLMap, place: Place, depth: number): VgoNode {
    if (node.flow && node.items.some(({ key }) => isMap(key))) {
      return this.#refuse(
        place,
        'value that starts with "{{" is not quoted: write it as "{{ … }}"',
      );
    }
    const entries = new Map<string, VgoEntry>();
    for (const pair of node.items) {
      // As above: a parsed pair holds nodes, or null for a value that is not there.
      const keyNode = pair.key as Node | null;
      const valueNode = pair.value as Node | null;
      const keyPlace = keyNode?.range ? this.source.placeOf(keyNode.range[0]) : place;
      const key = this.#readKey(keyNode, keyPlace);
      if (key === undefined) continue;
      const earlier = entries.get(key);
      if (earlier) {
        const { line, column } = earlier.keyPlace;
        this.problems.add(
          keyPlace,
          `duplicate key ${quote(key)}: it stands at ${line}:${column} already`,
        );
        continue;
      }
      const value = valueNode
        ? this.read(valueNode, depth + 1)
        : this.#readScalar(null, keyNode?.range ?? [0, 0, 0], keyPlace);
      entries.set(key, { key, keyPlace, value });
    }
    return { kind: "map", entries: [...entries.values()], place };
  }

  #readKey(keyNode: Node | null, place: Place): string | undefined {
    if (isScalar(keyNode) && typeof keyNode.value === "string" && !keyNode.tag) {
      if (keyNode.value !== "<<") return keyNode.value;
      this.problems.add(place, 'unexpected merge key "<<": use vars or defaults');
      return undefined;
    }
    if (isAlias(keyNode)) {
      this.problems.add(place, `${quote(`*${keyNode.source}`)} is not quoted: put it in quotes`);
      return undefined;
    }
    const written = isScalar(keyNode) ? quote(keyNode.value) : "this key";
    this.problems.add(place, `unexpected key ${written}: expected text, so put it in quotes`);
    return undefined;
  }

  #readScalar(
    value: unknown,
    [start, end]: readonly [number, number, number],
    place: Place,
  ): VgoNode {
    const written = value === null ? "" : this.source.text.slice(start, end);
    if (typeof value === "number" && !Number.isSafeInteger(value) && !isExactDecimal(written)) {
      return this.#refuse(
        place,
        `number ${quote(written)} is out of range: quote it if it is text`,
      );
    }
    if (typeof value === "string" && !value.isWellFormed()) {
      return this.#refuse(place, "text holds an unpaired surrogate: write the character itself");
    }
    if (!isScalarValue(value)) {
      return this.#refuse(
        place,
        `unexpected value ${quote(written)}: quote it if it is text`,
      );
    }
    const source = this.source;
    return {
      kind: "scalar",
      value,
      written,
      place,
      placeAt: (offset) =>
        typeof value === "string"
          ? source.placeOf(start + findOffset(written, value, offset))
          : place,
    };
  }
}

/**
 * Where the text at `offset` of a value stands in the source of that value. Quotes, folding and indentation move it, so the
 * rest of its line, or its first word, is looked for, as often as it occurs before; the start of the value is the answer
 * when escapes hide it.
 */
function findOffset(written: string, value: string, offset: number): number {
  const rest = value.slice(offset);
  for (const pattern of [/^[^\n"'\\]{1,40}/, /^[^\s"'\\]+/]) {
    const sought = rest.match(pattern)?.[0];
    const found = sought === undefined ? -1 : findSame(written, value, offset, sought);
    if (found >= 0) return found;
  }
  return 0;
}

function findSame(written: string, value: string, offset: number, sought: string): number {
  let found = written.indexOf(sought);
  for (let at = value.indexOf(sought); at >= 0 && at < offset && found >= 0;) {
    at = value.indexOf(sought, at + 1);
    found = written.indexOf(sought, found + 1);
  }
  return found;
}

function isScalarValue(value: unknown): value is VgoScalar["value"] {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

function isExactDecimal(written: string): boolean {
  return /^[-+]?\d{0,15}\.\d{0,15}$/.test(written) ||
    /^[-+]?\d(\.\d{0,14})?[eE][-+]?\d\d?$/.test(written);
}

function isDefaultTag(tag: string): boolean {
  return /^tag:yaml\.org,2002:(map|seq|str|int|float|bool|null)$/.test(tag);
}
