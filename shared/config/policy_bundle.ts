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

/** A place in JSON (RFC 6901), not its root: `/content`, `/returns/0`. */
const jsonPointer = z.string().min(1).max(2048).regex(/^(\/([^~/]|~[01])*)+$/s);

/** `db/password`: where a secret is kept. Names in folders, without dots that lead elsewhere. */
export const secretPath = z.string().min(1).max(255).regex(
  /^[a-z0-9_-][a-z0-9_.-]*(\/[a-z0-9_-][a-z0-9_.-]*)*$/i,
  'expected names joined by "/", like "db/password"',
);

/** What templates and conditions see beside the traits of the machine: of `vars` only what they name. */
const scopeSchema = z.strictObject({
  vars: z.record(z.string(), z.json()),
  /** The environment of the host, if it has one. */
  env: z.string().max(255).optional(),
  /** What `foreach` stands at. */
  item: z.json().optional(),
});

/** A condition that the server could not decide, to be decided when the resource's turn comes. */
const conditionSchema = z.strictObject({
  /** CEL over `traits`, `vars`, `env`, `item` and `changed`. */
  expression: z.string().min(1).max(4096),
  scope: scopeSchema,
});

export type BundleCondition = z.infer<typeof conditionSchema>;

/**
 * A parameter that the server does not fill in, because it may not (a secret) or cannot (a trait it does not know). It stands
 * beside the parameters rather than in them, so that no value that came from a machine can be taken for one.
 */
export const deferredValueSchema = z.strictObject({
  /** Where in `params` the value goes; nothing is there yet, or null in a list. */
  at: jsonPointer,
  value: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("secret"), path: secretPath }),
    z.strictObject({
      kind: z.literal("template"),
      text: z.string().max(1024 * 1024),
      scope: scopeSchema,
      /** Secrets among the values of `scope`, with their places in it: `/vars/password`. Null holds each place. */
      secrets: z.array(z.strictObject({ at: jsonPointer, path: secretPath })).max(100),
      /** Values of `scope` that are templates themselves, each after those that it names. Null holds each place. */
      templates: z.array(z.strictObject({ at: jsonPointer, text: z.string().max(1024 * 1024) }))
        .max(100).optional(),
      /** The value is text whatever the template names; otherwise a single `{{ … }}` keeps the type of what it names. */
      isText: z.literal(true).optional(),
    }),
  ]),
});

export type DeferredValue = z.infer<typeof deferredValueSchema>;

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
  /** `changed`: applied only when something that notifies it changed in the same run; otherwise if its condition holds. */
  when: z.union([z.literal("changed"), conditionSchema]).optional(),
  params: z.record(z.string(), z.json()),
  /** Parameters to be filled in on the machine, after which all of them are held against the schema of the type. */
  deferred: z.array(deferredValueSchema).max(1000).optional(),
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

/** The secrets that a policy names, each once, sorted: all that its envoy may ask for. */
export function secretPathsOf(resources: Iterable<BundleResource>): string[] {
  const paths = new Set<string>();
  for (const { deferred = [] } of resources) {
    for (const { value } of deferred) {
      if (value.kind === "secret") paths.add(value.path);
      else for (const { path } of value.secrets) paths.add(path);
    }
  }
  return [...paths].sort();
}

/** The leaf that stands for one resource in the tree: equal for two that ask the same of a machine. */
export function resourceLeaf(
  { source: _place, ...resource }:
    & Omit<BundleResource, "params">
    & { readonly params: Readonly<Record<string, Json>> },
): Uint8Array<ArrayBuffer> {
  // A parsed resource is JSON: its schema admits nothing else.
  return sha256(encodeFrame(DOMAIN.resourceLeaf, [canonicalJson(resource as Json)]));
}

/**
 * Root of the Merkle tree over resources in their order: a leaf hashes the canonical JSON of one resource, a node its two
 * children, and the last node of an odd row moves up unchanged. No resources: the hash of an empty leaf. `source` is left
 * out: a comment that moves lines in a stack changes no machine.
 */
export function merkleRoot(resources: readonly BundleResource[]): Uint8Array<ArrayBuffer> {
  return merkleRootOfLeaves(resources.map(resourceLeaf));
}

/** The same of leaves that have been hashed, see {@linkcode resourceLeaf}. */
export function merkleRootOfLeaves(
  leaves: readonly Uint8Array<ArrayBuffer>[],
): Uint8Array<ArrayBuffer> {
  let row = [...leaves];
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
