import { suggestName } from "../../shared/naming/nearest_name.ts";
import { type Place, type ProblemList, quote } from "./problem_list.ts";
import type { NameReference } from "./stack_tree.ts";
import { describeNode, type VgoEntry, type VgoMap, type VgoNode } from "./vgo_node.ts";

/** The keys of one kind of map. */
export interface KeyRules {
  /** What the map is, for messages: "configcrate". */
  readonly what: string;
  readonly known: readonly string[];
}

/** Most names in one list: more is a mistake of whatever wrote the file. */
const MAX_NAMES = 10_000;
/** What roles, configcrates and environments may be called. */
const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** Takes the nodes of a file apart and reports what was expected where something else stands. */
export class VgoReader {
  constructor(private readonly problems: ProblemList) {}

  /** The entries of a map by key, known keys only. */
  map(node: VgoNode, rules: KeyRules): Map<string, VgoEntry> | undefined {
    const map = this.anyMap(node, rules.what);
    if (!map) return undefined;
    const entries = new Map<string, VgoEntry>();
    for (const entry of map.entries) {
      if (rules.known.includes(entry.key)) entries.set(entry.key, entry);
      else this.unknownKey(entry, rules);
    }
    return entries;
  }

  /** A map with keys of its own choice. */
  anyMap(node: VgoNode, what: string): VgoMap | undefined {
    if (node.kind === "map") return node;
    this.#expect(node, `expected a map for ${what}, found ${describeNode(node)}`);
    return undefined;
  }

  unknownKey({ key, keyPlace }: VgoEntry, { what, known }: KeyRules): void {
    const hint = suggestName(key, known);
    this.problems.add(
      keyPlace,
      `unknown key ${quote(key)} in ${what}${hint || `: expected one of ${known.join(", ")}`}`,
    );
  }

  text(node: VgoNode, what: string): string | undefined {
    if (node.kind === "scalar" && typeof node.value === "string" && node.value !== "") {
      return node.value;
    }
    this.#expect(node, `expected text for ${what}, found ${describeNode(node)}`);
    return undefined;
  }

  /** A name of letters, digits, `_`, `.` and `-`. */
  name(node: VgoNode, what: string): NameReference | undefined {
    const name = this.text(node, what);
    if (name === undefined) return undefined;
    return this.isName(name, node.place, what) ? { name, place: node.place } : undefined;
  }

  isName(name: string, place: Place, what: string): boolean {
    if (NAME_PATTERN.test(name)) return true;
    this.problems.add(
      place,
      `${quote(name)} cannot be ${what}: expected up to 128 letters, digits, "_", "." and "-"`,
    );
    return false;
  }

  /** A list; one value that stands alone counts as a list of one. */
  list(node: VgoNode, what: string): readonly VgoNode[] {
    if (node.kind === "list") {
      if (node.items.length <= MAX_NAMES) return node.items;
      this.problems.add(
        node.place,
        `${node.items.length} entries in ${what}: the limit is ${MAX_NAMES}`,
      );
      return [];
    }
    if (node.kind === "scalar" && node.value !== null) return [node];
    this.#expect(node, `expected a list for ${what}, found ${describeNode(node)}`);
    return [];
  }

  /** A list of names, each once. */
  names(entry: VgoEntry | undefined, what: string): NameReference[] {
    const names = new Map<string, NameReference>();
    for (const item of entry ? this.list(entry.value, quote(entry.key)) : []) {
      const reference = this.name(item, what);
      if (!reference) continue;
      if (names.has(reference.name)) {
        this.problems.add(reference.place, `${quote(reference.name)} is listed twice: remove one`);
      } else names.set(reference.name, reference);
    }
    return [...names.values()];
  }

  #expect(node: VgoNode, message: string): void {
    if (node.kind !== "unreadable") this.problems.add(node.place, message);
  }
}
