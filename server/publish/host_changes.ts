import type { HostChange } from "../../shared/rest/config.ts";
import { type CompiledHost, findHostcrate, type HostFacts } from "../resolve/compile_host.ts";
import { compareText, formatProblem } from "../stacks/problem_list.ts";
import type { StackTree } from "../stacks/stack_tree.ts";
import type { Steps } from "../steps/steps.ts";
import { RecentMap } from "./recent_map.ts";
import { type NumberedChange, ResourceChanges } from "./resource_changes.ts";
import { type SecretNeed, SecretNeeds } from "./secret_needs.ts";
import { UnheardTraits } from "./unheard_traits.ts";

/** Most diff text in one answer, in characters; what comes later is named without its diff. */
const MAX_TOTAL_DIFF_LENGTH = 4 * 1024 * 1024;

/** What one version would change against another. */
export interface FleetChanges {
  readonly unchangedHosts: number;
  /** Hosts that an entry of the new version matches. */
  readonly matchedHosts: number;
  /** Of those, the ones that the new version does not compile for. */
  readonly refusedHosts: number;
  /**
   * Whether all that are matched are refused. An envoy that has reported nothing yet is no witness: what its policy lacks may come
   * with its first check-in.
   */
  readonly isForNobody: boolean;
  /** Hosts that change alike stand together; the largest group comes first. */
  readonly changes: readonly HostChange[];
  /** Secrets that policies of the new version name. */
  readonly secrets: ReadonlyMap<string, SecretNeed>;
  /** What conditions of the new version name and none of the hosts has reported, with its place. */
  readonly unheardTraits: readonly string[];
}

/** Compiles hosts; see `PolicyCompiler`. */
export interface HostCompiler {
  readonly tree: StackTree;
  compileInSteps(host: HostFacts): Steps<CompiledHost>;
}

/**
 * Compiles both versions for every host and compares them. A host that the new version does not compile for (a trait it
 * lacks) is listed with its problems; it would keep the policy it has.
 */
export function* compareFleetInSteps(
  from: HostCompiler | undefined,
  to: HostCompiler,
  hosts: Iterable<HostFacts>,
): Steps<FleetChanges> {
  const groups = new Map<string, HostChange>();
  const pairs = new PairMemory();
  const secrets = new SecretNeeds();
  const unheard = new UnheardTraits(to.tree);
  let unchangedHosts = 0, matchedHosts = 0, refusedHosts = 0, witnesses = 0;
  for (const { hostname, traits } of hosts) {
    const host = { hostname, traits };
    unheard.hear(traits);
    const before = from && (yield* from.compileInSteps(host));
    yield;
    const after = yield* to.compileInSteps(host);
    yield;
    secrets.add(host, after);
    if (findHostcrate(to.tree, hostname)) matchedHosts++;
    if (!after.ok) {
      refusedHosts++;
      if (Object.keys(traits).length > 0) witnesses++;
    }
    const comparison = pairs.compare(before, after);
    if (comparison.changes.length === 0 && comparison.problems.length === 0) {
      unchangedHosts++;
      continue;
    }
    const group = groups.get(comparison.key);
    if (group) group.hosts.push(host.hostname);
    else {
      const { changes, problems } = comparison;
      groups.set(comparison.key, {
        hosts: [host.hostname],
        changes: changes.map(({ change }) => change),
        problems,
      });
    }
  }
  const changes = [...groups.values()];
  for (const { hosts: names } of changes) names.sort(compareText);
  changes.sort((a, b) =>
    b.hosts.length - a.hosts.length || compareText(a.hosts[0] ?? "", b.hosts[0] ?? "")
  );
  return {
    unchangedHosts,
    matchedHosts,
    refusedHosts,
    isForNobody: witnesses > 0 && refusedHosts >= matchedHosts,
    changes: capDiffs(changes),
    secrets: secrets.needs,
    unheardTraits: unheard.warnings,
  };
}

interface Comparison {
  /** The same for all hosts that change alike. */
  readonly key: string;
  readonly changes: readonly NumberedChange[];
  readonly problems: string[];
}

/** Most pairs of results remembered at least; compilers keep as many results. */
const MAX_PAIRS = 1000;

/** Compares each pair of results once, while it is remembered: compilers give hosts that are alike the same object. */
class PairMemory {
  readonly #known = new RecentMap<
    CompiledHost,
    { readonly from: CompiledHost | undefined; readonly comparison: Comparison }
  >(MAX_PAIRS);
  readonly #resources = new ResourceChanges();

  compare(from: CompiledHost | undefined, to: CompiledHost): Comparison {
    const known = this.#known.get(to);
    if (known && known.from === from) return known.comparison;
    const comparison = this.#compare(from, to);
    this.#known.set(to, { from, comparison });
    return comparison;
  }

  #compare(from: CompiledHost | undefined, to: CompiledHost): Comparison {
    const problems = to.ok ? [] : to.problems.map(formatProblem);
    const before = from?.ok ? from.resources : [];
    const changes = to.ok ? this.#resources.compare(before, to.resources) : [];
    const numbers = changes.map(({ number }) => number);
    return { key: JSON.stringify([numbers, problems]), changes, problems };
  }
}

function capDiffs(groups: readonly HostChange[]): HostChange[] {
  let left = MAX_TOTAL_DIFF_LENGTH;
  return groups.map((group) => ({
    ...group,
    changes: group.changes.map((change) => {
      left -= change.diff.length;
      return left >= 0 ? change : { ...change, diff: "… not shown: the answer is full" };
    }),
  }));
}
