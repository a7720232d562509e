import type { Liquid } from "liquidjs";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import { suggestName } from "../../shared/naming/nearest_name.ts";
import { type Place, type ProblemList, quote } from "./problem_list.ts";
import { isTemplate, Template, TemplateError } from "../../shared/templates/template.ts";
import type { VgoEntry, VgoNode, VgoScalar } from "./vgo_node.ts";

/** A value of a stack, ready to be rendered for many hosts: templates are parsed, what is constant is plain JSON. */
export type StackValue = StackScalar | StackTemplate | StackList | StackMap;

export interface StackScalar {
  readonly kind: "scalar";
  readonly constant: string | number | boolean | null;
  readonly written: string;
  readonly place: Place;
}

export interface StackTemplate {
  readonly kind: "template";
  readonly template: Template;
  readonly place: Place;
  /** Where the character at `offset` of the template's text stands. */
  placeAt(offset: number): Place;
}

export interface StackList {
  readonly kind: "list";
  readonly items: readonly StackValue[];
  /** The whole list, if nothing in it is a template. */
  readonly constant: Json | undefined;
  readonly place: Place;
}

export interface StackMap {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, StackValue>;
  readonly constant: Json | undefined;
  readonly place: Place;
}

/** What templates may be about: everything else is a misspelling, or comes with a later version. */
const TEMPLATE_ROOTS: readonly string[] = ["vars", "traits"];
const LATER_ROOTS: ReadonlyMap<string, string> = new Map([
  ["item", '"item" (foreach) is not supported yet'],
  ["env", '"env" (environments) is not supported yet'],
]);

/** Parses the templates in a value. Mistakes go to `problems`; the value in question is then left out. */
export class ValueReader {
  constructor(private readonly engine: Liquid, private readonly problems: ProblemList) {}

  read(node: VgoNode): StackValue | undefined {
    if (node.kind === "unreadable") return undefined;
    if (node.kind === "scalar") return this.readScalar(node);
    if (node.kind === "list") {
      const items = node.items.map((item) => this.read(item)).filter((item) => item !== undefined);
      return { kind: "list", items, constant: constantList(items), place: node.place };
    }
    const entries = this.readEntries(node.entries);
    return { kind: "map", entries, constant: constantMap(entries), place: node.place };
  }

  readEntries(entries: readonly VgoEntry[]): Map<string, StackValue> {
    const values = new Map<string, StackValue>();
    for (const { key, value } of entries) {
      const read = this.read(value);
      if (read) values.set(key, read);
    }
    return values;
  }

  readScalar(node: VgoScalar): StackScalar | StackTemplate | undefined {
    const { value, written, place } = node;
    if (typeof value === "string" && value.startsWith("secret:")) {
      this.problems.add(place, `secret reference ${quote(value)} is not supported yet`);
      return undefined;
    }
    if (typeof value !== "string" || !isTemplate(value)) {
      return { kind: "scalar", constant: value, written, place };
    }
    const template = this.parseTemplate(value, node.placeAt);
    return template && { kind: "template", template, place, placeAt: node.placeAt };
  }

  /** Parses a template and checks what its names begin with. */
  parseTemplate(text: string, placeAt: (offset: number) => Place): Template | undefined {
    try {
      const template = new Template(text, this.engine);
      for (const { path: [root = ""], offset } of template.names()) {
        if (TEMPLATE_ROOTS.includes(root)) continue;
        const candidates = TEMPLATE_ROOTS.map((known) => `${known}.${root}`).join(" or ");
        const reason = LATER_ROOTS.get(root) ??
          `undefined name ${quote(root)}${
            suggestName(root, TEMPLATE_ROOTS) || `: expected ${candidates}`
          }`;
        this.problems.add(placeAt(offset), reason);
      }
      return template;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.problems.add(placeAt(error.offset), error.message);
      return undefined;
    }
  }
}

function constantList(items: readonly StackValue[]): Json | undefined {
  const constants: Json[] = [];
  for (const item of items) {
    if (item.kind === "template" || item.constant === undefined) return undefined;
    constants.push(item.constant);
  }
  return constants;
}

function constantMap(entries: ReadonlyMap<string, StackValue>): Json | undefined {
  const constants: Record<string, Json> = Object.create(null);
  for (const [key, value] of entries) {
    if (value.kind === "template" || value.constant === undefined) return undefined;
    constants[key] = value.constant;
  }
  return constants;
}
