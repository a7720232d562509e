import type { PolicyResolver, PolicySubject, ResolvedPolicy } from "../checkin/policy_resolver.ts";
import { formatProblem } from "../stacks/problem_list.ts";
import type { PolicySource } from "./policy_source.ts";

/** Answers check-ins from the policy in force. */
export class LivePolicyResolver implements PolicyResolver {
  constructor(private readonly source: PolicySource) {}

  version(): string | undefined {
    return this.source.live()?.policyVersion;
  }

  resolve({ hostname, traits }: PolicySubject): ResolvedPolicy | undefined {
    const live = this.source.live();
    if (!live) return undefined;
    const { policyVersion } = live;
    const compiled = live.compile({ hostname, traits });
    if (compiled.ok) return { ...compiled, policyVersion };
    const [first] = compiled.problems;
    const more = compiled.problems.length > 1 ? ` (and ${compiled.problems.length - 1} more)` : "";
    const reason = first ? `${formatProblem(first)}${more}` : "the policy does not compile";
    return { ok: false, policyVersion, reason, reads: compiled.reads };
  }
}
