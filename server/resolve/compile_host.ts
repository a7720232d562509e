import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import type { ConfigProblem } from "../../shared/rest/config.ts";
import { identifiedTraits, type Traits } from "../../shared/templates/identified_traits.ts";
import { ProblemList, quote } from "../stacks/problem_list.ts";
import type { Hostcrate, StackTree } from "../stacks/stack_tree.ts";
import { runSteps, type Steps } from "../steps/steps.ts";
import {
  COMPILE_LIMITS,
  CompileLimitError,
  type CompileLimits,
  limitSteps,
} from "./compile_limits.ts";
import { type DeclaredResources, Declarer } from "./declare_resources.ts";
import { hostcrateIndex } from "./hostcrate_index.ts";
import { PartMemory } from "./part_memory.ts";
import { PolicyMemory } from "./policy_memory.ts";
import { policyRoot } from "./policy_root.ts";
import { PolicySkeleton } from "./policy_skeleton.ts";
import type { Reference } from "./rendered_resource.ts";
import { buildResourceGraph, orderResources } from "./resource_graph.ts";
import { ALL_TRAITS, type TraitRead } from "./trait_reads.ts";

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
  /** Merkle root of `resources`, as hex; worked out when it is first asked for. */
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
  return runSteps(compileHostInSteps(tree, host));
}

/** The same in steps. A policy that takes too much of them is refused. */
export function compileHostInSteps(tree: StackTree, host: HostFacts): Steps<CompiledHost> {
  const hostcrate = findHostcrate(tree, host.hostname);
  const identified = { hostname: host.hostname, traits: identifiedTraits(host) };
  return compileHostcrateInSteps(tree, hostcrate, identified, new PolicyMemory());
}

/** Compiles what a `match:` entry gives to a host, whose traits hold its hostname, see `identifiedTraits`. */
export function* compileHostcrateInSteps(
  tree: StackTree,
  hostcrate: Hostcrate | undefined,
  { hostname, traits }: HostFacts,
  memory: PolicyMemory,
  limits: CompileLimits = COMPILE_LIMITS,
): Steps<CompiledHost> {
  if (!hostcrate) return UNMATCHED;
  const declarer = new Declarer({ tree, hostcrate, traits, memory: memory.parts });
  try {
    return yield* limitSteps(compileInSteps(declarer, hostcrate, memory), limits);
  } catch (error) {
    if (!(error instanceof CompileLimitError)) throw error;
    const problems = new ProblemList();
    problems.add(
      declarer.place ?? hostcrate.place,
      `policy of ${
        quote(hostname)
      } ${error.message} to compile: shorten the lists that "foreach" goes through, and the loops of templates`,
    );
    // How far it came is no property of what was read: another report of the machine is another attempt.
    return { ok: false, problems: problems.sorted(), reads: [ALL_TRAITS], variables: [] };
  }
}

function* compileInSteps(
  declarer: Declarer,
  hostcrate: Hostcrate,
  memory: PolicyMemory,
): Steps<CompiledHost> {
  const declared = yield* declarer.declare();
  const { parts, headReads } = declared;
  const { traits: reads, variables } = memory.parts.readSets.union(
    new Set([...headReads, ...parts.map((part) => part.reads)]),
  );
  yield;
  const problems = problemsOf(declared);
  const known = problems.size === 0 ? memory.find(hostcrate, parts) : undefined;
  const skeleton = known ?? buildSkeleton(declared, hostcrate, problems, () => true, true);
  if (!skeleton || problems.size > 0) {
    return { ok: false, problems: problems.sorted(), reads, variables };
  }
  if (!known) memory.add(hostcrate, skeleton);
  return compiledPolicy(skeleton.bundle(parts), reads, variables);
}

function compiledPolicy(
  resources: readonly BundleResource[],
  reads: readonly TraitRead[],
  variables: readonly string[],
): CompiledPolicy {
  let root: string | undefined;
  return {
    ok: true,
    resources,
    get root() {
      return root ??= policyRoot(resources);
    },
    reads,
    variables,
  };
}

const UNMATCHED: CompiledPolicy = compiledPolicy([], [], []);

/**
 * Finds what is wrong with a `match:` entry whatever the traits of its hosts are. Answers the names of its variables that were
 * looked at: with other values of the others the same would be found.
 */
export function* checkHostcrateInSteps(
  tree: StackTree,
  hostcrate: Hostcrate,
  problems: ProblemList,
  mustResolve: (reference: Reference) => boolean,
): Steps<ReadonlySet<string>> {
  const memory = new PartMemory();
  const declarer = new Declarer({ tree, hostcrate, traits: undefined, memory });
  const declared = yield* declarer.declare();
  problems.addAll(problemsOf(declared).sorted());
  buildSkeleton(declared, hostcrate, problems, mustResolve, false);
  const reads = [...declared.headReads, ...declared.parts.map((part) => part.reads)];
  return new Set(reads.flatMap(({ variables }) => variables));
}

function problemsOf({ parts, problems: beside }: DeclaredResources): ProblemList {
  const problems = new ProblemList();
  for (const part of parts) if (part.problems.length > 0) problems.addAll(part.problems);
  if (beside.size > 0) problems.addAll(beside.sorted());
  return problems;
}

function buildSkeleton(
  { parts, lostTypes, isCut }: DeclaredResources,
  { crates }: Hostcrate,
  problems: ProblemList,
  mustResolve: (reference: Reference) => boolean,
  isForHost: boolean,
): PolicySkeleton | undefined {
  const resources = parts.flatMap((part) => part.resources);
  const skipped = {
    ids: new Set(parts.flatMap(({ skippedIds }) => skippedIds)),
    types: new Set([...lostTypes, ...parts.flatMap(({ skippedTypes }) => skippedTypes)]),
  };
  const graph = buildResourceGraph(resources, crates, skipped, problems, {
    // What a limit kept out is missing, so that references to it would be reported for the wrong reason.
    mustResolve: (reference) => !isCut && mustResolve(reference),
    isForHost,
  });
  const order = orderResources(graph, problems);
  return order && new PolicySkeleton(parts, graph, order);
}
