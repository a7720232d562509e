import { type BundleResource, secretPathsOf } from "../../shared/config/policy_bundle.ts";
import { digestOfReads } from "../resolve/trait_reads.ts";
import { runInSlices } from "../steps/run_in_slices.ts";
import type { EnvoyState } from "./envoy_state.ts";
import type { PolicyResolver } from "./policy_resolver.ts";

/** Secrets that an envoy's policy names, as it is published now and as this server last sent it; undefined: not known. */
export interface PolicySecrets {
  readonly current: ReadonlySet<string> | undefined;
  readonly sent: ReadonlySet<string> | undefined;
}

/** Most policies name none, and share this. */
const NONE: ReadonlySet<string> = new Set();

/** The secrets that resources name. */
export function secretSetOf(resources: Iterable<BundleResource>): ReadonlySet<string> {
  const paths = secretPathsOf(resources);
  return paths.length === 0 ? NONE : new Set(paths);
}

/**
 * Which secrets are an envoy's, without its word: from what was last resolved for it while that holds, otherwise resolved
 * anew, as after a restart. An envoy whose policy cannot be resolved keeps the one it has, and the secrets of that.
 */
export async function policySecrets(
  state: EnvoyState,
  resolver: PolicyResolver,
): Promise<PolicySecrets> {
  const { policy, record: { uuid, hostname, tagRevision } } = state;
  const sent = policy?.secrets;
  const traits = state.traits.merged();
  const isCurrent = policy !== undefined &&
    policy.inputs.policyVersion === resolver.version() &&
    policy.inputs.tagRevision === tagRevision &&
    policy.inputs.readsDigest === digestOfReads(policy.reads, traits);
  if (isCurrent) return { current: sent, sent };
  const resolved = await runInSlices(resolver.resolve({ uuid, hostname, traits }));
  return { current: resolved?.ok ? secretSetOf(resolved.resources) : sent, sent };
}
