import { MAX_BUNDLE_RESOURCES } from "../../shared/config/policy_bundle.ts";
import { suggestName } from "../../shared/naming/nearest_name.ts";
import { formatPlace, type Place, type ProblemList, quote } from "../stacks/problem_list.ts";
import type { Configcrate } from "../stacks/stack_tree.ts";
import { type AutomaticEdge, findAutomaticEdges } from "./automatic_edges.ts";
import type { Reference, RenderedResource, SkippedResources } from "./rendered_resource.ts";
import { claimsOf } from "./resource_claims.ts";

/** Most resources that one may depend on or notify; bundles have the same limit. */
const MAX_EDGES = 1000;
/** Longest cycle that is printed whole; of a longer one the middle is counted. */
const MAX_PRINTED_STEPS = 20;

/** Resources with what they need and whom they tell, as positions in the list. */
export interface ResourceGraph {
  readonly resources: readonly RenderedResource[];
  /** For each resource what comes before it, and why. */
  readonly needs: readonly ReadonlyMap<number, Edge>[];
  readonly notifies: readonly ReadonlySet<number>[];
}

interface Edge {
  readonly reason: string;
  /** Where it is written; undefined for an automatic one. */
  readonly place: Place | undefined;
}

/** How a graph is built. */
export interface GraphOptions {
  /** Whether a reference to a resource that is not there is a mistake, or may be the echo of another. */
  readonly mustResolve: (reference: Reference) => boolean;
  /** Whether conditions have been decided as far as they can be; otherwise two resources may exclude each other. */
  readonly isForHost: boolean;
}

/**
 * Joins resources by `depends_on`, `before`, `notify`, `subscribes`, the dependencies of their crates, and what they need by
 * nature. Who is told comes after who tells. Duplicates and references that lead nowhere go to `problems`; a reference to a
 * resource that the host does not get is satisfied.
 */
export function buildResourceGraph(
  resources: readonly RenderedResource[],
  crates: readonly Configcrate[],
  skipped: SkippedResources,
  problems: ProblemList,
  { mustResolve, isForHost }: GraphOptions,
): ResourceGraph {
  if (resources.length > MAX_BUNDLE_RESOURCES) {
    const place = resources[MAX_BUNDLE_RESOURCES]?.place;
    if (place) problems.add(place, `host has more than ${MAX_BUNDLE_RESOURCES} resources`);
  }
  const positions = indexResources(resources, problems, isForHost);
  const unknownTypes = new Set(
    resources.filter(({ isNameUnknown }) => isNameUnknown).map(({ type }) => type),
  );
  const mayBeThere = ({ id }: Reference) => {
    const type = id.slice(0, id.indexOf(":"));
    return skipped.ids.has(id) || skipped.types.has(type) || unknownTypes.has(type);
  };
  const needs = resources.map(() => new Map<number, Edge>());
  const notifies = resources.map(() => new Set<number>());
  const find = (reference: Reference) => {
    const position = positions.get(reference.id);
    if (position === undefined && !mayBeThere(reference) && mustResolve(reference)) {
      problems.add(
        reference.place,
        `unknown resource ${quote(reference.id)}${
          suggestName(reference.id, positions.keys()) ||
          ": no configcrate of the same hosts declares it"
        }`,
      );
    }
    return position;
  };
  const need = (from: number | undefined, to: number | undefined, edge: Edge) => {
    if (from === undefined || to === undefined) return;
    const known = needs[from];
    if (known && !known.has(to)) known.set(to, edge);
  };
  for (const [position, resource] of resources.entries()) {
    for (const reference of resource.dependsOn) {
      need(position, find(reference), { reason: "depends_on", place: reference.place });
    }
    for (const reference of resource.before) {
      need(find(reference), position, { reason: "before", place: reference.place });
    }
    for (const reference of resource.notify) {
      const target = find(reference);
      if (target !== undefined) notifies[position]?.add(target);
      need(target, position, { reason: "notify", place: reference.place });
    }
    for (const reference of resource.subscribes) {
      const source = find(reference);
      if (source !== undefined) notifies[source]?.add(position);
      need(position, source, { reason: "subscribes", place: reference.place });
    }
  }
  const automatic = findAutomaticEdges(resources);
  for (const { from, to, reason, isWeak } of automatic) {
    if (!isWeak) need(from, to, { reason, place: undefined });
  }
  addCrateEdges({ resources, needs, notifies }, crates, need);
  addWeakEdges(automatic.filter(({ isWeak }) => isWeak), needs, need);
  for (const [position, { id, place }] of resources.entries()) {
    const edges = Math.max(needs[position]?.size ?? 0, notifies[position]?.size ?? 0);
    if (edges > MAX_EDGES) {
      problems.add(place, `${id} is joined to ${edges} resources: the limit is ${MAX_EDGES}`);
    }
  }
  return { resources, needs, notifies };
}

/** Adds those edges whose ends do not stand the other way round already. */
function addWeakEdges(
  edges: readonly AutomaticEdge[],
  needs: readonly ReadonlyMap<number, Edge>[],
  need: (from: number, to: number, edge: Edge) => void,
): void {
  const needed = new Map<number, ReadonlySet<number>>();
  const allNeededBy = (start: number) => {
    const known = needed.get(start);
    if (known) return known;
    const reached = new Set<number>([start]);
    for (const position of reached) {
      for (const next of needs[position]?.keys() ?? []) reached.add(next);
    }
    needed.set(start, reached);
    return reached;
  };
  // All are looked at before one is added: what they add does not count as written.
  const kept = edges.filter(({ from, to }) => !allNeededBy(to).has(from));
  for (const { from, to, reason } of kept) need(from, to, { reason, place: undefined });
}

/** By id, after reporting those that are declared twice or that claim one path or account between them. */
function indexResources(
  resources: readonly RenderedResource[],
  problems: ProblemList,
  isForHost: boolean,
): Map<string, number> {
  const mayExclude = (a: RenderedResource, b: RenderedResource) =>
    !isForHost && (a.when !== undefined || b.when !== undefined);
  const positions = new Map<string, number>();
  const claims = new Map<
    string,
    { readonly resource: RenderedResource; readonly isShared: boolean }
  >();
  for (const [position, resource] of resources.entries()) {
    const { id, place } = resource;
    const earlier = resources[positions.get(id) ?? -1];
    if (earlier && mayExclude(earlier, resource)) continue;
    if (earlier) {
      problems.add(place, `duplicate resource ${quote(id)}: ${formatPlace(earlier.place)} has it`);
      continue;
    }
    positions.set(id, position);
    for (const { what, isShared } of claimsOf(resource)) {
      const holder = claims.get(what);
      if (!holder) claims.set(what, { resource, isShared });
      if (!holder || isShared && holder.isShared) continue;
      if (mayExclude(holder.resource, resource)) continue;
      const other = `${holder.resource.id} (${formatPlace(holder.resource.place)})`;
      problems.add(place, `${id} and ${other} both manage ${what}: keep one`);
      break;
    }
  }
  return positions;
}

/**
 * A crate comes after those it depends on: its first resources need the last ones of theirs. First and last are those that
 * no other resource of the same crate precedes or follows; the rest follows from the order within the crates. What a crate
 * tells, itself or by way of others, comes after it and does not count as a part of what it needs: the reload of a service
 * stands with the service, and whoever adds to its configuration needs the one and tells the other.
 */
function addCrateEdges(
  { resources, needs, notifies }: ResourceGraph,
  crates: readonly Configcrate[],
  need: (from: number, to: number, edge: Edge) => void,
): void {
  const members = new Map<string, number[]>();
  for (const [position, { crate }] of resources.entries()) {
    const list = members.get(crate);
    if (list) list.push(position);
    else members.set(crate, [position]);
  }
  const inside = (position: number) =>
    [...needs[position]?.keys() ?? []].filter((other) =>
      resources[other]?.crate === resources[position]?.crate
    );
  const firstsOf = (list: readonly number[]) =>
    list.filter((position) => inside(position).length === 0);
  const lastsOf = (list: readonly number[]) => {
    const followed = new Set(list.flatMap(inside));
    return list.filter((position) => !followed.has(position));
  };
  const toldBy = (list: readonly number[]) => {
    const told = new Set(list.flatMap((position) => [...notifies[position] ?? []]));
    for (const position of told) for (const next of notifies[position] ?? []) told.add(next);
    return told;
  };
  /** The last resources of a crate, or of those it depends on if it has none itself, without those that are told. */
  const lasts = new Map<string, (told: ReadonlySet<number>) => readonly number[]>();
  const edges: [number, number, Edge][] = [];
  // Crates stand in an order in which those that are depended on come first.
  for (const { name, dependsOn } of crates) {
    const own = members.get(name) ?? [];
    const neededBut = (told: ReadonlySet<number>) =>
      dependsOn.flatMap((reference) =>
        (lasts.get(reference.name)?.(told) ?? []).map((to) => ({ to, place: reference.place }))
      );
    const firsts = dependsOn.length > 0 ? firstsOf(own) : [];
    for (const { to, place } of firsts.length > 0 ? neededBut(toldBy(own)) : []) {
      for (const from of firsts) {
        edges.push([from, to, { reason: `depends_on of configcrate ${quote(name)}`, place }]);
      }
    }
    const usual = lastsOf(own);
    lasts.set(name, (told) => {
      const isTold = [...told].some((position) => resources[position]?.crate === name);
      const left = isTold ? own.filter((position) => !told.has(position)) : own;
      if (left.length === 0) return [...new Set(neededBut(told).map(({ to }) => to))];
      return isTold ? lastsOf(left) : usual;
    });
  }
  for (const [from, to, edge] of edges) need(from, to, edge);
}

/**
 * An order in which everything comes after what it needs, and otherwise stays where the files have it: each resource in
 * turn, preceded by what it still waits for. A cycle goes to `problems` as the path that closes it; the answer is then
 * undefined.
 */
export function orderResources(graph: ResourceGraph, problems: ProblemList): number[] | undefined {
  const { resources, needs } = graph;
  const order: number[] = [];
  const state: ("open" | "done" | undefined)[] = resources.map(() => undefined);
  let hasCycle = false;
  for (const start of resources.keys()) {
    const path: { readonly position: number; readonly rest: Iterator<number> }[] = [];
    const enter = (position: number) => {
      state[position] = "open";
      const following = [...needs[position]?.keys() ?? []].sort((a, b) => a - b);
      path.push({ position, rest: following.values() });
    };
    if (state[start] === undefined) enter(start);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const next = top.rest.next();
      if (next.done) {
        state[top.position] = "done";
        order.push(top.position);
        path.pop();
      } else if (state[next.value] === "open") {
        hasCycle = true;
        const positions = path.map(({ position }) => position);
        reportCycle(graph, positions.slice(positions.indexOf(next.value)), problems);
      } else if (state[next.value] === undefined) enter(next.value);
    }
  }
  return hasCycle ? undefined : order;
}

function reportCycle(
  { resources, needs }: ResourceGraph,
  cycle: readonly number[],
  problems: ProblemList,
): void {
  // It begins with the resource that stands first, so that one cycle is one message however it was found.
  const least = cycle.indexOf(cycle.reduce((a, b) => Math.min(a, b)));
  const turned = [...cycle.slice(least), ...cycle.slice(0, least)];
  const steps = turned.map((position, step) => {
    const next = turned[(step + 1) % turned.length] ?? position;
    const edge = needs[position]?.get(next);
    const why = edge?.place ? `${edge.reason} at ${formatPlace(edge.place)}` : `${edge?.reason}`;
    return ` → ${resources[next]?.id} (${why})`;
  });
  const left = steps.length - MAX_PRINTED_STEPS;
  if (left > 0) steps.splice(MAX_PRINTED_STEPS - 1, left, ` → … ${left} more`);
  const first = resources[turned[0] ?? 0];
  if (first) {
    problems.add(first.place, `resources wait for each other: ${first.id}${steps.join("")}`);
  }
}
