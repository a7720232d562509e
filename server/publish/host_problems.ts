import type { ConfigProblem } from "../../shared/rest/config.ts";
import { findHostcrate, type HostFacts } from "../resolve/compile_host.ts";
import { compareText, formatProblem } from "../stacks/problem_list.ts";
import type { Steps } from "../steps/steps.ts";
import type { HostCompiler } from "./host_changes.ts";
import { UnheardTraits } from "./unheard_traits.ts";

/** Most problems of single hosts that are told at once. */
const MAX_HOST_PROBLEMS = 1000;

/** A mistake that shows only with the traits of some hosts. */
export interface HostProblem extends ConfigProblem {
  /** How many meet it. */
  readonly hosts: number;
  /** The first of them by name. */
  readonly firstHost: string;
}

/** What a fleet makes of a tree. */
export interface FleetProblems {
  /** Hosts that some entry matches. */
  readonly matched: number;
  readonly problems: readonly HostProblem[];
  /** What conditions name and none of the hosts has reported, with its place. */
  readonly unheardTraits: readonly string[];
}

/** Compiles a fleet for nothing but its mistakes. Each is told once, those that most hosts meet first. */
export function* findHostProblemsInSteps(
  compiler: HostCompiler,
  fleet: Iterable<HostFacts>,
): Steps<FleetProblems> {
  const unheard = new UnheardTraits(compiler.tree);
  const found = new Map<string, HostProblem>();
  let matched = 0;
  for (const { hostname, traits } of fleet) {
    yield;
    unheard.hear(traits);
    if (!findHostcrate(compiler.tree, hostname)) continue;
    matched++;
    // One that has reported nothing yet lacks everything, which may come with its first check-in.
    if (Object.keys(traits).length === 0) continue;
    const compiled = yield* compiler.compileInSteps({ hostname, traits });
    for (const problem of compiled.ok ? [] : compiled.problems) {
      const key = formatProblem(problem);
      const known = found.get(key);
      if (!known && found.size >= MAX_HOST_PROBLEMS) continue;
      const { hosts, firstHost } = known ?? { hosts: 0, firstHost: hostname };
      const first = compareText(hostname, firstHost) < 0 ? hostname : firstHost;
      found.set(key, { ...problem, hosts: hosts + 1, firstHost: first });
    }
  }
  const problems = [...found.values()].sort((a, b) =>
    b.hosts - a.hosts || compareText(a.file, b.file) || a.line - b.line || a.column - b.column
  );
  return { matched, problems, unheardTraits: unheard.warnings };
}
