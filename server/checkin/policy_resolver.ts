import { canonicalJson, type Json } from "../../shared/canonical/canonical_json.ts";
import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";

/** The traits of one machine, by collector. */
export type Traits = { readonly [collector: string]: Json };

/** Whom a policy is resolved for. `hostname` is the one bound at enrolment. */
export interface PolicySubject {
  readonly uuid: string;
  readonly hostname: string;
  readonly traits: Traits;
}

/** What one envoy is to be. */
export interface ResolvedPolicy {
  readonly policyVersion: string;
  readonly resources: readonly BundleResource[];
  /** Merkle root of `resources`, hex. */
  readonly root: string;
  /** Dotted paths of the traits that the resolution read, such as `os.distro`, absent ones included. */
  readonly reads: readonly string[];
}

export type ResolveResult =
  | { readonly ok: true; readonly policy: ResolvedPolicy }
  | { readonly ok: false; readonly reason: string };

/** Turns published stacks into the policy of one envoy. */
export interface PolicyResolver {
  /** Content hash and compiler version of what is live; `undefined` before anything was published. */
  version(): string | undefined;
  /** Pure for one version: the same subject gives the same policy. */
  resolve(subject: PolicySubject): ResolveResult;
}

/** One digest over the traits that a resolution read: when it is equal, resolving again gives the same. */
export function digestReads(reads: readonly string[], traits: Traits): string {
  return sha256Hex(canonicalJson(reads.map((path) => {
    const value = lookUp(path, traits);
    // A list tells an absent trait from one that is null.
    return value === undefined ? [path] : [path, value];
  })));
}

function lookUp(path: string, traits: Traits): Json | undefined {
  let value: Json | undefined = traits;
  for (const step of path.split(".")) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, step)) {
      return undefined;
    }
    // Own property of an object or a list, checked above; JSON holds nothing else.
    value = (value as Record<string, Json | undefined>)[step];
  }
  return value;
}
