import { canonicalJson } from "../../shared/canonical/canonical_json.ts";
import { compareText, formatPlace } from "../stacks/problem_list.ts";
import type { Configcrate, Hostcrate } from "../stacks/stack_tree.ts";

/** Tells kinds of entries apart: those that give the same crates, the same environment, and variables of the same names. */
export class EntryKinds {
  readonly #crateLists = new Map<readonly Configcrate[], number>();
  readonly #kinds = new WeakMap<Hostcrate, string>();

  kindOf(hostcrate: Hostcrate): string {
    const kind = this.#kinds.get(hostcrate) ?? this.#describe(hostcrate);
    this.#kinds.set(hostcrate, kind);
    return kind;
  }

  #describe({ crates, vars, environment }: Hostcrate): string {
    // Entries that give the same crates share the list.
    const list = this.#crateLists.get(crates) ?? this.#crateLists.size;
    this.#crateLists.set(crates, list);
    return canonicalJson([list, environment ?? null, [...vars.keys()].sort(compareText)]);
  }
}

/**
 * What some variables of an entry say, as a key: constants by value, so that hosts with equal ones are alike; what is a template
 * or a secret by where it stands.
 */
export function identifyVariables(names: readonly string[], { vars }: Hostcrate): string {
  return canonicalJson(
    names.map((name) => {
      const value = vars.get(name);
      const constant = value && "constant" in value ? value.constant : undefined;
      return constant === undefined ? value && formatPlace(value.place) : [constant];
    }).map((identity) => identity ?? null),
  );
}

/** Where some variables of an entry stand, as a key. */
export function placeVariables(names: readonly string[], { vars }: Hostcrate): string {
  return names.map((name) => {
    const value = vars.get(name);
    return value ? formatPlace(value.place) : "";
  }).join("\n");
}
