import type { PolicySource } from "../publish/policy_source.ts";
import { formatProblem } from "./format_problem.ts";
import type { PolicyResolver } from "../fleet/policy_resolver.ts";

/** Resolves policies from the stacks that are published. */
export function stacksPolicyResolver(source: PolicySource): PolicyResolver {
  return {
    version: () => source.live()?.policyVersion,
    resolve: function* ({ hostname, traits }) {
      const live = source.live();
      if (!live) return undefined;
      const { policyVersion } = live;
      const compiled = yield* live.compileInSteps({ hostname, traits });
      if (compiled.ok) {
        const { resources, root, reads } = compiled;
        return { ok: true, policyVersion, resources, root, reads };
      }
      const reason = compiled.problems.map(formatProblem).join("; ");
      return { ok: false, policyVersion, reason, reads: compiled.reads };
    },
  };
}
