import type { Hostcrate } from "../stacks/stack_tree.ts";
import { EntryKinds, placeVariables } from "./entry_inputs.ts";

/** Most entries of one kind that are checked. */
const MAX_ALIKE = 500;
/** Most resources that are checked again for entries of a kind that has been checked, in the whole tree. */
const MAX_REPEATED_RESOURCES = 20_000;

interface CheckedKind {
  count: number;
  /** By the names that a check looked at: where these stood in the entries that were checked. */
  readonly places: Map<string, { readonly names: readonly string[]; readonly known: Set<string> }>;
}

/**
 * Which entries need no check of their own: those that differ from a checked one in variables alone that nothing looks at, and
 * those past a limit. A fleet may have an entry for each of ten thousand hosts; what is wrong with one value is found again when
 * its host is compiled, before anything is published.
 */
export class CheckedEntries {
  readonly #kinds = new EntryKinds();
  readonly #checked = new Map<string, CheckedKind>();
  #repeatedResources = 0;

  isCovered(hostcrate: Hostcrate): boolean {
    const kind = this.#checked.get(this.#kinds.kindOf(hostcrate));
    if (!kind) return false;
    if (kind.count >= MAX_ALIKE || this.#repeatedResources >= MAX_REPEATED_RESOURCES) return true;
    return [...kind.places.values()].some(({ names, known }) =>
      known.has(placeVariables(names, hostcrate))
    );
  }

  /** @param reads the variables that the check looked at. */
  add(hostcrate: Hostcrate, reads: Iterable<string>): void {
    const key = this.#kinds.kindOf(hostcrate);
    const kind: CheckedKind = this.#checked.get(key) ?? { count: 0, places: new Map() };
    this.#checked.set(key, kind);
    if (kind.count > 0) {
      for (const crate of hostcrate.crates) this.#repeatedResources += crate.resources.length;
    }
    kind.count++;
    const names = [...reads].sort();
    const places = kind.places.get(names.join("\n")) ?? { names, known: new Set() };
    kind.places.set(names.join("\n"), places);
    places.known.add(placeVariables(names, hostcrate));
  }
}
