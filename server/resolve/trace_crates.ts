import { formatPlace } from "../stacks/problem_list.ts";
import { USERCRATE } from "../stacks/read_configcrate.ts";
import type { Hostcrate, NameReference, StackTree } from "../stacks/stack_tree.ts";

/** One step on the way from a file to a crate: what names the next one, and where. */
export interface InclusionStep {
  readonly kind: "common" | "match" | "environment" | "role" | "configcrate";
  /** The role or crate that is named; for the first step the pattern, the folder's file or the environment. */
  readonly name: string;
  /** Where it says so, as `file:line:column`. */
  readonly place: string;
}

type Way = readonly InclusionStep[];

/** The way to each crate of a host, by name: the first in the order in which the host gets them. */
export function traceCrates(tree: StackTree, hostcrate: Hostcrate): ReadonlyMap<string, Way> {
  const ways = new Map<string, Way>();
  const tracer = new Tracer(tree, ways);
  for (const layer of hostcrate.layers) {
    const start: InclusionStep = {
      kind: layer.kind,
      name: layer.kind === "match"
        ? hostcrate.match.source
        : layer.kind === "environment"
        ? hostcrate.environment ?? ""
        : layer.place.file,
      place: formatPlace(layer.place),
    };
    for (const role of layer.roles) tracer.enterRole(role, [start]);
    for (const crate of layer.configcrates) tracer.enterCrate(crate, [start]);
    for (const { name, place } of layer.usercrates) {
      tracer.enterCrate({ name: USERCRATE.prefix + name, place }, [start]);
    }
  }
  return ways;
}

class Tracer {
  readonly #roles = new Set<string>();

  constructor(private readonly tree: StackTree, private readonly ways: Map<string, Way>) {}

  enterRole({ name, place }: NameReference, before: Way): void {
    const role = this.tree.roles.get(name);
    if (!role || this.#roles.has(name)) return;
    this.#roles.add(name);
    const way: Way = [...before, { kind: "role", name, place: formatPlace(place) }];
    for (const included of role.includes) this.enterRole(included, way);
    for (const crate of role.configcrates) this.enterCrate(crate, way);
  }

  enterCrate({ name, place }: NameReference, before: Way): void {
    if (this.ways.has(name)) return;
    const way: Way = [...before, { kind: "configcrate", name, place: formatPlace(place) }];
    this.ways.set(name, way);
    for (const needed of this.tree.crates.get(name)?.dependsOn ?? []) this.enterCrate(needed, way);
  }
}
