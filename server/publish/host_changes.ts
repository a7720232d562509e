import type { z } from "zod";
import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import type { HostChange, resourceChangeSchema } from "../../shared/rest/config.ts";
import type { CompiledHost, HostFacts } from "../resolve/compile_host.ts";
import { compareText, formatProblem } from "../stacks/problem_list.ts";
import { diffResources, isSameResource } from "./resource_diff.ts";

/** Most diff text in one answer, in characters; what comes later is named without its diff. */
const MAX_TOTAL_DIFF_LENGTH = 4 * 1024 * 1024;
/** Hosts compiled before other work gets a turn. */
const HOSTS_PER_TURN = 50;

type ResourceChange = z.infer<typeof resourceChangeSchema>;

/** What one version would change against another. */
export interface FleetChanges {
  readonly unchangedHosts: number;
  /** Hosts that change alike stand together; the largest group comes first. */
  readonly changes: readonly HostChange[];
}

/** Compiles hosts; see `PolicyCompiler`. */
export interface HostCompiler {
  compile(host: HostFacts): CompiledHost;
}

/**
 * Compiles both versions for every host and compares them. A host that the new version does not compile for (a trait it
 * lacks) is listed with its problems; it would keep the policy it has.
 */
export async function compareFleet(
  from: HostCompiler | undefined,
  to: HostCompiler,
  hosts: Iterable<HostFacts>,
): Promise<FleetChanges> {
  const groups = new Map<string, HostChange>();
  const pairs = new PairMemory();
  let unchangedHosts = 0;
  let turn = 0;
  for (const host of hosts) {
    if (++turn % HOSTS_PER_TURN === 0) await new Promise((resume) => setTimeout(resume, 0));
    const comparison = pairs.compare(from?.compile(host), to.compile(host));
    if (comparison.changes.length === 0 && comparison.problems.length === 0) {
      unchangedHosts++;
      continue;
    }
    const group = groups.get(comparison.key);
    if (group) group.hosts.push(host.hostname);
    else {
      const { changes, problems } = comparison;
      groups.set(comparison.key, { hosts: [host.hostname], changes, problems });
    }
  }
  const changes = [...groups.values()];
  for (const { hosts: names } of changes) names.sort(compareText);
  changes.sort((a, b) =>
    b.hosts.length - a.hosts.length || compareText(a.hosts[0] ?? "", b.hosts[0] ?? "")
  );
  return { unchangedHosts, changes: capDiffs(changes) };
}

interface Comparison {
  /** The same for all hosts that change alike. */
  readonly key: string;
  readonly changes: ResourceChange[];
  readonly problems: string[];
}

/** Compares each pair of results once: compilers give hosts that are alike the same object. */
class PairMemory {
  readonly #known = new Map<CompiledHost | undefined, Map<CompiledHost, Comparison>>();

  compare(from: CompiledHost | undefined, to: CompiledHost): Comparison {
    const known = this.#known.get(from) ?? new Map<CompiledHost, Comparison>();
    this.#known.set(from, known);
    const comparison = known.get(to) ?? compareResults(from, to);
    known.set(to, comparison);
    return comparison;
  }
}

function compareResults(from: CompiledHost | undefined, to: CompiledHost): Comparison {
  const problems = to.ok ? [] : to.problems.map(formatProblem);
  const changes = to.ok ? compareResources(from?.ok ? from.resources : [], to.resources) : [];
  return { key: JSON.stringify([changes, problems]), changes, problems };
}

function compareResources(
  from: readonly BundleResource[],
  to: readonly BundleResource[],
): ResourceChange[] {
  const before = new Map<string, BundleResource>(from.map((resource) => [resource.id, resource]));
  const after = new Map<string, BundleResource>(to.map((resource) => [resource.id, resource]));
  const changes: ResourceChange[] = [];
  for (const [id, resource] of after) {
    const old = before.get(id);
    if (old && isSameResource(old, resource)) continue;
    const change = old ? "changed" : "added";
    changes.push({ id, change, crate: resource.crate, diff: diffResources(old, resource) });
  }
  for (const [id, resource] of before) {
    if (after.has(id)) continue;
    const diff = diffResources(resource, undefined);
    changes.push({ id, change: "removed", crate: resource.crate, diff });
  }
  return changes;
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
