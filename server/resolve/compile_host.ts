import {
  type BundleResource,
  merkleRoot,
  type ResourceId,
} from "../../shared/config/policy_bundle.ts";
import type { ConfigProblem } from "../../shared/rest/config.ts";
import { formatPlace, ProblemList } from "../stacks/problem_list.ts";
import { identifiedTraits, type Traits } from "../../shared/templates/identified_traits.ts";
import type { Hostcrate, StackTree } from "../stacks/stack_tree.ts";
import { declareResources } from "./declare_resources.ts";
import { hostcrateIndex } from "./hostcrate_index.ts";
import type { Reference } from "./rendered_resource.ts";
import { buildResourceGraph, orderResources, type ResourceGraph } from "./resource_graph.ts";
import { recordTraitReads, type TraitRead, UNKNOWN_TRAITS } from "./trait_reads.ts";

/** What a host is known by: the hostname bound at enrolment, and its traits. */
export interface HostFacts {
  readonly hostname: string;
  readonly traits: Traits;
}

/** What a host is to be, or why that cannot be said. Either way it holds for all traits in which `reads` see the same. */
export type CompiledHost = CompiledPolicy | RefusedPolicy;

export interface CompiledPolicy {
  readonly ok: true;
  /** In an order that satisfies `dependsOn`; empty for a host that no entry matches. */
  readonly resources: readonly BundleResource[];
  /** Merkle root of `resources`, as hex. */
  readonly root: string;
  readonly reads: readonly TraitRead[];
  /** The host's variables that were looked at; the others may be anything. */
  readonly variables: readonly string[];
}

export interface RefusedPolicy {
  readonly ok: false;
  readonly problems: readonly ConfigProblem[];
  readonly reads: readonly TraitRead[];
  readonly variables: readonly string[];
}

/** The first `match:` entry that matches, or undefined. Case does not count. */
export function findHostcrate(tree: StackTree, hostname: string): Hostcrate | undefined {
  return hostcrateIndex(tree).find(hostname);
}

/** Compiles the policy of one host. Pure: the same tree, hostname and traits give the same answer. */
export function compileHost(tree: StackTree, host: HostFacts): CompiledHost {
  return compileHostcrate(tree, findHostcrate(tree, host.hostname), identifiedTraits(host));
}

/** Compiles what a `match:` entry gives to a host with these traits, see `identifiedTraits`. */
export function compileHostcrate(
  tree: StackTree,
  hostcrate: Hostcrate | undefined,
  traits: Traits,
): CompiledHost {
  const reads = new Set<TraitRead>();
  const variableReads = new Set<string>();
  const problems = new ProblemList();
  const compiled = hostcrate
    ? compile(tree, hostcrate, recordTraitReads(traits, reads), problems, {
      mustResolve: () => true,
      variableReads,
    })
    : undefined;
  const looked = { reads: [...reads], variables: [...variableReads].sort() };
  if (problems.size > 0) return { ok: false, problems: problems.sorted(), ...looked };
  const resources = compiled ? toBundle(compiled.graph, compiled.order) : [];
  return { ok: true, resources, root: merkleRoot(resources).toHex(), ...looked };
}

/**
 * Finds what is wrong with a `match:` entry whatever the traits of its hosts are. Answers the names of its variables that were
 * looked at: with other values of the others the same would be found.
 */
export function checkHostcrate(
  tree: StackTree,
  hostcrate: Hostcrate,
  problems: ProblemList,
  mustResolve: (reference: Reference) => boolean,
): ReadonlySet<string> {
  const variableReads = new Set<string>();
  compile(tree, hostcrate, UNKNOWN_TRAITS, problems, { mustResolve, variableReads });
  return variableReads;
}

function compile(
  tree: StackTree,
  hostcrate: Hostcrate,
  traits: object,
  problems: ProblemList,
  { mustResolve, variableReads }: {
    readonly mustResolve: (reference: Reference) => boolean;
    readonly variableReads: Set<string>;
  },
): { readonly graph: ResourceGraph; readonly order: readonly number[] } | undefined {
  const { resources, skipped, isWhole } = declareResources(
    tree,
    hostcrate,
    traits,
    problems,
    variableReads,
  );
  const graph = buildResourceGraph(resources, hostcrate.crates, skipped, problems, {
    // What could not be rendered is missing, so that references to it would be reported for the wrong reason.
    mustResolve: (reference) => isWhole && mustResolve(reference),
    isForHost: traits !== UNKNOWN_TRAITS,
  });
  const order = orderResources(graph, problems);
  return order && { graph, order };
}

function toBundle(
  { resources, needs, notifies }: ResourceGraph,
  order: readonly number[],
): BundleResource[] {
  const ids = (positions: Iterable<number>) =>
    [...positions].map((position) => resources[position]?.id).filter((id) => id !== undefined)
      .sort().map(asResourceId);
  return order.map((position) => resources[position]).filter((found) => found !== undefined).map(
    (resource, step) => ({
      id: asResourceId(resource.id),
      type: resource.type,
      name: resource.name,
      crate: resource.crate,
      source: formatPlace(resource.place),
      dependsOn: ids(needs[order[step] ?? -1]?.keys() ?? []),
      notify: ids(notifies[order[step] ?? -1] ?? []),
      ...(resource.when ? { when: resource.when } : {}),
      // JSON either way; the type of the bundle only does not say that nobody writes to it.
      params: resource.params as BundleResource["params"],
      ...(resource.deferred.length > 0 ? { deferred: [...resource.deferred] } : {}),
    }),
  );
}

function asResourceId(id: string): ResourceId {
  // Made of a type of the catalogue, a colon and a name that is not empty.
  return id as ResourceId;
}
