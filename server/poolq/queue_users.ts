import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";
import type { PolicyResolver } from "../fleet/policy_resolver.ts";
import { digestOfReads } from "../resolve/trait_reads.ts";
import { runInSlices } from "../steps/run_in_slices.ts";
import type { TraitRead } from "../resolve/trait_reads.ts";

/** What was resolved for an envoy, and what decides whether it still holds. */
interface Known {
  readonly policyVersion: string | undefined;
  readonly tagRevision: number;
  readonly hostname: string;
  readonly reads: readonly TraitRead[];
  readonly readsDigest: string;
  readonly users: ReadonlySet<string>;
}

const NOBODY: ReadonlySet<string> = new Set();

/**
 * The users to whom the published policy of an envoy grants `poolq`: what the envoy itself says of them does not count. A
 * policy that cannot be resolved grants nothing to anybody.
 */
export function queueUsers(
  resolver: PolicyResolver,
): (state: EnvoyState) => Promise<ReadonlySet<string>> {
  const known = new WeakMap<EnvoyState, Known>();
  return async (state) => {
    const { uuid, hostname, tagRevision } = state.record;
    const policyVersion = resolver.version();
    const traits = state.traits.merged();
    const last = known.get(state);
    const holds = last !== undefined && last.policyVersion === policyVersion &&
      last.tagRevision === tagRevision && last.hostname === hostname &&
      last.readsDigest === digestOfReads(last.reads, traits);
    if (holds) return last.users;
    const resolved = await runInSlices(resolver.resolve({ uuid, hostname, traits }));
    const users = resolved?.ok ? grantedUsers(resolved.resources) : NOBODY;
    const reads = resolved?.reads ?? [];
    known.set(state, {
      policyVersion,
      tagRevision,
      hostname,
      reads,
      readsDigest: digestOfReads(reads, traits),
      users,
    });
    return users;
  };
}

function grantedUsers(resources: readonly BundleResource[]): ReadonlySet<string> {
  return new Set(
    resources.flatMap(({ type, params }) => {
      const { name, poolq, ensure } = params;
      return type === "user" && poolq === true && ensure !== "absent" && typeof name === "string"
        ? [name]
        : [];
    }),
  );
}
