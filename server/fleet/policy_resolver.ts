import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import type { Traits } from "../../shared/templates/identified_traits.ts";
import type { TraitRead } from "../resolve/trait_reads.ts";
import type { Steps } from "../steps/steps.ts";

/** Whom a policy is resolved for. `hostname` is the one bound at enrolment. */
export interface PolicySubject {
  readonly uuid: string;
  readonly hostname: string;
  readonly traits: Traits;
}

/** What one envoy is to be, or why that cannot be said. Either holds for all traits in which `reads` see the same. */
export type ResolvedPolicy =
  | {
    readonly ok: true;
    readonly policyVersion: string;
    readonly resources: readonly BundleResource[];
    /** Merkle root of `resources`, hex. */
    readonly root: string;
    readonly reads: readonly TraitRead[];
  }
  | {
    readonly ok: false;
    readonly policyVersion: string;
    readonly reason: string;
    readonly reads: readonly TraitRead[];
  };

/** Turns published stacks into the policy of one envoy. */
export interface PolicyResolver {
  /** Content hash and compiler version of what is live; `undefined` before anything was published. */
  version(): string | undefined;
  /**
   * Pure for the version that is live when it begins; `undefined` before anything was published. In steps, since a machine may
   * report what takes long to work through.
   */
  resolve(subject: PolicySubject): Steps<ResolvedPolicy | undefined>;
}

/** The collectors that reads look into; `undefined` if one of them listed all collectors. */
export function collectorsOf(reads: readonly TraitRead[]): ReadonlySet<string> | undefined {
  const collectors = new Set<string>();
  for (const read of reads) {
    const collector = read.split("/")[1];
    if (collector === undefined) return undefined;
    collectors.add(collector.replaceAll("~1", "/").replaceAll("~0", "~"));
  }
  return collectors;
}
