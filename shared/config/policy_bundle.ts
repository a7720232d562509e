import { z } from "zod";
import { canonicalJson, type Json } from "../canonical/canonical_json.ts";
import { DOMAIN } from "../canonical/domain.ts";
import { encodeFrame } from "../canonical/frame.ts";
import { sha256 } from "../crypto/sha256.ts";

/** Most resources one envoy may have; the graph and the report are sized for it. */
export const MAX_BUNDLE_RESOURCES = 20_000;

/** `type:name`, unique in a bundle: `file:/etc/motd`. */
export type ResourceId = string & { readonly __brand: "ResourceId" };

const resourceId = z.string().min(3).max(1024).regex(/^[a-z_]+:./s).transform((id) =>
  id as ResourceId // Proven by the pattern above.
);

/** One thing to keep in a state, as an agent receives it: rendered, ordered, and validated by its type's schema. */
export const bundleResourceSchema = z.strictObject({
  id: resourceId,
  type: z.string().min(1).max(64),
  name: z.string().min(1).max(1000),
  /** The configcrate it comes from. */
  crate: z.string().max(255),
  /** Where it was written, as `configcrates/web.vgo:12:5`, for messages. */
  source: z.string().max(1024),
  /** Applied before this one; if one of them fails this one is skipped. Includes automatic edges. */
  dependsOn: z.array(resourceId).max(1000),
  /** Told when this one changes. */
  notify: z.array(resourceId).max(1000),
  /** `changed`: applied only when something that notifies it changed in the same run. */
  when: z.literal("changed").optional(),
  params: z.record(z.string(), z.json()),
});

export type BundleResource = z.infer<typeof bundleResourceSchema>;

/** What one envoy is to be, at one policy version. Resources stand in an order that satisfies `dependsOn`. */
export const policyBundleSchema = z.strictObject({
  schema: z.literal(1),
  envoyUuid: z.uuid(),
  /** Rises with every bundle for this envoy; a lower one is refused. */
  serial: z.number().int().positive(),
  policyVersion: z.string().min(1).max(128),
  /** {@linkcode merkleRoot} of `resources`, as hex; the envoy's fingerprint once accepted. */
  root: z.string().regex(/^[0-9a-f]{64}$/),
  issuedAtMs: z.number().int().nonnegative(),
  resources: z.array(bundleResourceSchema).max(MAX_BUNDLE_RESOURCES),
});

export type PolicyBundle = z.infer<typeof policyBundleSchema>;

/**
 * Root of the Merkle tree over resources in their order: a leaf hashes the canonical JSON of one resource, a node its two
 * children, and the last node of an odd row moves up unchanged. No resources: the hash of an empty leaf. `source` is left
 * out: a comment that moves lines in a stack changes no machine.
 */
export function merkleRoot(resources: readonly BundleResource[]): Uint8Array<ArrayBuffer> {
  let row = resources.map(({ source: _place, ...resource }) =>
    // A parsed resource is JSON: its schema admits nothing else.
    sha256(encodeFrame(DOMAIN.resourceLeaf, [canonicalJson(resource as Json)]))
  );
  if (row.length === 0) return sha256(encodeFrame(DOMAIN.resourceLeaf, []));
  while (row.length > 1) {
    const next: typeof row = [];
    for (let i = 0; i < row.length; i += 2) {
      const left = row[i], right = row[i + 1];
      if (left === undefined) break;
      next.push(right ? sha256(encodeFrame(DOMAIN.resourceNode, [left, right])) : left);
    }
    row = next;
  }
  const [root] = row;
  if (root === undefined) throw new Error("unreachable: a row never empties");
  return root;
}
