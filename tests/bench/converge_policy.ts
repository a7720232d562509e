import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { type BundleResource, bundleResourceSchema } from "../../shared/config/policy_bundle.ts";
import { type ConvergeSet, COPY, type ManagedResource, SAME } from "./converge_set.ts";

/** One resource in the words of configcrates and bundles alike. */
interface PolicyResource {
  readonly type: "directory" | "file" | "symlink" | "exec";
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** The set as an agent receives it. */
export function toBundleResources(set: ConvergeSet, root: string): BundleResource[] {
  const ids = new Map(
    set.resources.map((resource) => [resource.path, idOf(toPolicyResource(resource, set, root))]),
  );
  return set.resources.map((resource) => {
    const { type, name, params } = toPolicyResource(resource, set, root);
    return bundleResourceSchema.parse({
      id: idOf({ type, name }),
      type,
      name,
      crate: "converge",
      source: "configcrates/converge.vgo:1:1",
      dependsOn: needsOf(resource).flatMap((path) => ids.get(path) ?? []),
      notify: [],
      params: type === "exec" ? params : { path: name, ensure: "present", ...params },
    });
  });
}

/** The set as configcrates by name, one for each folder and what lies in it. */
export function toConfigcrates(set: ConvergeSet, root: string): ReadonlyMap<string, string> {
  const crates = new Map<string, object[]>();
  for (const resource of set.resources) {
    const { type, name, params } = toPolicyResource(resource, set, root);
    const crate = resource.kind === "folder" ? resource.path : dirname(resource.path);
    // Of the rest Vigo finds out by itself what comes after what.
    const order = resource.kind === "copy"
      ? { depends_on: `file:${join(root, resource.from)}` }
      : {};
    crates.set(crate, [...crates.get(crate) ?? [], { [type]: name, ...params, ...order }]);
  }
  return new Map([...crates].map(([name, resources]) => [name, stringify({ name, resources })]));
}

function toPolicyResource(
  resource: ManagedResource,
  { owner }: ConvergeSet,
  root: string,
): PolicyResource {
  const path = join(root, resource.path);
  switch (resource.kind) {
    case "folder":
      return { type: "directory", name: path, params: { mode: resource.mode, owner } };
    case "file": {
      const { content, mode } = resource;
      return { type: "file", name: path, params: { content, mode, owner } };
    }
    case "symlink":
      return { type: "symlink", name: path, params: { target: resource.target } };
    case "copy": {
      const from = join(root, resource.from);
      const guard = resource.guard === "creates"
        ? { creates: path }
        : { unless: [SAME, "-s", from, path] };
      const name = `copy to ${resource.path}`;
      return { type: "exec", name, params: { command: [COPY, from, path], ...guard } };
    }
  }
}

function idOf({ type, name }: Pick<PolicyResource, "type" | "name">): string {
  return `${type}:${name}`;
}

/** Paths in the set. */
function needsOf(resource: ManagedResource): string[] {
  const folder = dirname(resource.path);
  switch (resource.kind) {
    case "symlink":
      return [folder, join(folder, resource.target)];
    case "copy":
      return [folder, resource.from];
    default:
      return [folder];
  }
}
