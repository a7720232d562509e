import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import type { Outcome } from "../../shared/config/run_report.ts";
import type { Result } from "./run_resource.ts";

const OBSTACLES: Readonly<Partial<Record<Outcome, string>>> = {
  failed: "failed",
  blocked: "is blocked",
  unknown: "is unknown",
};

/**
 * Why a resource cannot be applied because of what it depends on; `undefined` if nothing stands in its way. The cause that
 * is named is where the trouble began, however many resources lie between.
 */
export function findCause(
  resource: BundleResource,
  results: ReadonlyMap<string, Result>,
  dryRun: boolean,
): Result | undefined {
  for (const dependency of resource.dependsOn) {
    const result = results.get(dependency);
    if (result === undefined) {
      const reason = `depends on ${dependency}, which does not stand before it in the bundle`;
      return { outcome: "failed", reason };
    }
    // A skipped resource hands on what it was skipped for.
    if (result.outcome === "skipped" || isDependent(result)) return result;
    const obstacle = OBSTACLES[result.outcome];
    if (obstacle === undefined) continue;
    if (dryRun && result.outcome === "unknown") {
      return { outcome: "unknown", reason: `${DEPENDS_ON_UNKNOWN} ${dependency}` };
    }
    return { outcome: "skipped", reason: `depends on ${dependency}, which ${obstacle}` };
  }
  return undefined;
}

const DEPENDS_ON_UNKNOWN = "depends on unknown";

function isDependent({ outcome, reason }: Result): boolean {
  return outcome === "unknown" && reason?.startsWith(DEPENDS_ON_UNKNOWN) === true;
}
