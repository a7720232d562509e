import { nearestName } from "../../shared/naming/nearest_name.ts";
import type { Traits } from "../../shared/templates/identified_traits.ts";
import { compareProblems, formatProblem, type Place } from "../stacks/problem_list.ts";
import type { StackTree } from "../stacks/stack_tree.ts";

/** Most warnings at once. */
const MAX_WARNINGS = 100;
/** Machines that are asked for a name like one that nobody has; they are mostly alike. */
const MAX_ASKED = 10;

/** A trait that a `when` names, as long as nobody has reported it. */
interface UnheardName {
  readonly path: readonly string[];
  readonly places: Place[];
  /** How much of the path somebody has, and what that one has there that is called alike. */
  depth: number;
  asked: number;
  suggestion: string;
}

/**
 * Finds the traits that conditions of a tree name and no machine of a fleet has reported: most likely misspelt, since such a
 * condition is decided nowhere. What is asked for by `has(…)` may be missing. A fleet that has reported nothing says nothing.
 */
export class UnheardTraits {
  readonly #names = new Map<string, UnheardName>();
  #isAnyoneHeard = false;

  constructor({ crates, usercrates }: StackTree) {
    for (const crate of [...crates.values(), ...usercrates.values()]) {
      for (const { when } of [crate, ...crate.resources]) {
        for (const { path: [root, ...path], offset, isAskedFor } of when?.condition.names ?? []) {
          if (root !== "traits" || path.length === 0 || isAskedFor || !when) continue;
          const name = this.#names.get(nameOf(path));
          if (name) name.places.push(when.placeAt(offset));
          else {
            const places = [when.placeAt(offset)];
            this.#names.set(nameOf(path), { path, places, depth: -1, asked: 0, suggestion: "" });
          }
        }
      }
    }
  }

  /** Takes what one machine has reported. */
  hear(traits: Traits): void {
    if (this.#isAnyoneHeard && this.#names.size === 0) return;
    if (Object.keys(traits).length === 0) return;
    this.#isAnyoneHeard = true;
    for (const [key, name] of this.#names) {
      const { depth, known } = follow(name.path, traits);
      if (depth === name.path.length) this.#names.delete(key);
      else suggest(name, depth, known);
    }
  }

  /** By place: `configcrates/web.vgo:3:9: no host has reported "traits.os.distor". Did you mean "traits.os.distro"?` */
  get warnings(): readonly string[] {
    if (!this.#isAnyoneHeard) return [];
    const problems = [...this.#names.values()].flatMap(({ path, places, suggestion }) =>
      places.map((place) => ({
        ...place,
        message: `no host has reported ${JSON.stringify(nameOf(path))}${suggestion}`,
      }))
    );
    return problems.sort(compareProblems).slice(0, MAX_WARNINGS).map(formatProblem);
  }
}

function nameOf(path: readonly string[]): string {
  return ["traits", ...path].join(".");
}

/** How much of a path is there, and what else is where it ends. */
function follow(path: readonly string[], traits: Traits) {
  let container: unknown = traits;
  for (const [depth, segment] of path.entries()) {
    if (typeof container !== "object" || container === null) return { depth, known: [] };
    if (!Object.hasOwn(container, segment)) return { depth, known: Object.keys(container) };
    container = Reflect.get(container, segment);
  }
  return { depth: path.length, known: [] };
}

function suggest(name: UnheardName, depth: number, known: readonly string[]): void {
  if (depth > name.depth) Object.assign(name, { depth, asked: 0, suggestion: "" });
  if (depth < name.depth || name.suggestion !== "" || name.asked >= MAX_ASKED) return;
  name.asked++;
  const nearest = nearestName(name.path[depth] ?? "", known);
  if (nearest === undefined) return;
  const meant = nameOf([...name.path.slice(0, depth), nearest]);
  name.suggestion = `. Did you mean ${JSON.stringify(meant)}?`;
}
