import {
  type BundleResource,
  merkleRootOfLeaves,
  resourceLeaf,
} from "../../shared/config/policy_bundle.ts";

/** Hosts share most of their resources. */
const LEAVES = new WeakMap<BundleResource, Uint8Array<ArrayBuffer>>();

/** Merkle root of resources that nobody changes any more, as hex: the digest of each is worked out once. */
export function policyRoot(resources: readonly BundleResource[]): string {
  return merkleRootOfLeaves(resources.map((resource) => {
    const leaf = LEAVES.get(resource) ?? resourceLeaf(resource);
    LEAVES.set(resource, leaf);
    return leaf;
  })).toHex();
}
