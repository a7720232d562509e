import type { Liquid } from "liquidjs";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import { suggestName } from "../../shared/naming/nearest_name.ts";
import { secretPath } from "../../shared/config/policy_bundle.ts";
import { compareText, type Place, type ProblemList, quote } from "./problem_list.ts";
import { isTemplate, Template, TemplateError } from "../../shared/templates/template.ts";
import type { VgoEntry, VgoNode, VgoScalar } from "./vgo_node.ts";

/** A value of a stack, ready to be rendered for many hosts: templates are parsed, what is constant is plain JSON. */
export type StackValue = StackScalar | StackTemplate | StackSecret | StackList | StackMap;

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

/** A reference to a secret: `secret:db/password`. It is one by where it stands, never by what some text renders to. */
export interface StackSecret {
  readonly kind: "secret";
  readonly path: string;
  readonly place: Place;
}

export interface StackList {
  readonly kind: "list";
  readonly items: readonly StackValue[];
  /** The whole list, if nothing in it is a template or a secret. */
  readonly constant: Json | undefined;
  readonly place: Place;
}

export interface StackMap {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, StackValue>;
  readonly constant: Json | undefined;
  readonly place: Place;
}

/** What templates may be about: everything else is a misspelling. */
const TEMPLATE_ROOTS: readonly string[] = ["vars", "traits", "env", "item"];
/** How a reference to a secret begins. */
const SECRET_PREFIX = "secret:";

/** Parses the templates in a value. Mistakes go to `problems`; the value in question is then left out. */
export class ValueReader {
  constructor(
    private readonly engine: Liquid,
    private readonly problems: ProblemList,
    /** Whether `item` is a name here: beside and below a `foreach`. */
    readonly hasItem = false,
  ) {}

  /** A reader for what stands beside and below a `foreach`. */
  withItem(): ValueReader {
    return this.hasItem ? this : new ValueReader(this.engine, this.problems, true);
  }

  read(node: VgoNode): StackValue | undefined {
    if (node.kind === "unreadable") return undefined;
    if (node.kind === "scalar") return this.readScalar(node);
    if (node.kind === "list") {
      const items = node.items.map((item) => this.read(item)).filter((item) => item !== undefined);
      return { kind: "list", items, constant: constantList(items), place: node.place };
    }
    // Templates go through maps in this order, here and on machines, to which maps travel with sorted keys.
    const sorted = node.entries.toSorted((a, b) => compareText(a.key, b.key));
    const entries = this.readEntries(sorted);
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

  readScalar(node: VgoScalar): StackScalar | StackTemplate | StackSecret | undefined {
    const { value, written, place } = node;
    if (typeof value === "string" && value.startsWith(SECRET_PREFIX)) {
      return this.#readSecret(value, node);
    }
    if (typeof value !== "string" || !isTemplate(value)) {
      return { kind: "scalar", constant: value, written, place };
    }
    const template = this.parseTemplate(value, node.placeAt);
    return template && { kind: "template", template, place, placeAt: node.placeAt };
  }

  #readSecret(value: string, { place, placeAt }: VgoScalar): StackSecret | undefined {
    const parsed = secretPath.safeParse(value.slice(SECRET_PREFIX.length));
    if (parsed.success) return { kind: "secret", path: parsed.data, place };
    const problem = isTemplate(value)
      ? `${quote(value)} is no secret: its path cannot be a template`
      : `${quote(value)} is no secret: ${
        parsed.error.issues[0]?.message ?? "expected a path"
      }. For a text like this write "{{ 'secret:' }}…"`;
    this.problems.add(placeAt(SECRET_PREFIX.length), problem);
    return undefined;
  }

  /** Parses a template and checks what its names begin with. A file below `templates/` may be rendered for an item. */
  parseTemplate(
    text: string,
    placeAt: (offset: number) => Place,
    { hasItem }: { readonly hasItem: boolean } = this,
  ): Template | undefined {
    try {
      const template = new Template(text, this.engine);
      for (const { path: [root = ""], offset } of template.names()) {
        if (root === "item" && !hasItem) {
          this.problems.add(
            placeAt(offset),
            'undefined name "item": it exists where there is "foreach"',
          );
        } else if (!TEMPLATE_ROOTS.includes(root)) {
          this.problems.add(
            placeAt(offset),
            `undefined name ${quote(root)}${
              suggestName(root, TEMPLATE_ROOTS) || `: expected vars.${root} or traits.${root}`
            }`,
          );
        }
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
    if (isRendered(item) || item.constant === undefined) return undefined;
    constants.push(item.constant);
  }
  return constants;
}

function constantMap(entries: ReadonlyMap<string, StackValue>): Json | undefined {
  const constants: Record<string, Json> = Object.create(null);
  for (const [key, value] of entries) {
    if (isRendered(value) || value.constant === undefined) return undefined;
    constants[key] = value.constant;
  }
  return constants;
}

function isRendered(value: StackValue): value is StackTemplate | StackSecret {
  return value.kind === "template" || value.kind === "secret";
}
