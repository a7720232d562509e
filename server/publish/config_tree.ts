import type { ConfigTreeNode } from "../../shared/rest/config_views.ts";
import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import { findHostcrate } from "../resolve/compile_host.ts";
import { formatPlace } from "../stacks/problem_list.ts";
import { USERCRATE } from "../stacks/read_configcrate.ts";
import type {
  Configcrate,
  Hostcrate,
  HostLayer,
  NameReference,
  StackTree,
} from "../stacks/stack_tree.ts";
import { writtenText } from "./written_text.ts";

/** Most nodes of one answer: nobody reads more, and a fleet may have an entry for each of ten thousand hosts. */
export const MAX_TREE_NODES = 5000;

/** What leads to what, with how many nodes did not fit. */
export interface ConfigTree {
  readonly roots: readonly ConfigTreeNode[];
  readonly leftOut: number;
}

/** Every entry with the roles and crates that its hosts get. `hostnames` are those of the fleet, for the counts. */
export function fleetTree(tree: StackTree, hostnames: Iterable<string>): ConfigTree {
  const matched = new Map<Hostcrate, number>();
  for (const hostname of hostnames) {
    const hostcrate = findHostcrate(tree, hostname);
    if (hostcrate) matched.set(hostcrate, (matched.get(hostcrate) ?? 0) + 1);
  }
  const builder = new TreeBuilder(tree);
  const roots = builder.all(tree.hostcrates, (hostcrate) => {
    const hosts = matched.get(hostcrate) ?? 0;
    const environment = hostcrate.environment === undefined ? "" : `, ${hostcrate.environment}`;
    return builder.node({
      kind: "match",
      name: hostcrate.match.source,
      place: formatPlace(hostcrate.place),
      note: `${hosts} ${hosts === 1 ? "host" : "hosts"}${environment}`,
    }, () => builder.layers(hostcrate));
  });
  return { roots, leftOut: builder.leftOut };
}

/** What one host gets, down to its resources in the order in which they are applied; undefined if no entry matches. */
export function hostTree(
  tree: StackTree,
  hostname: string,
  resources: readonly BundleResource[],
): ConfigTree | undefined {
  const hostcrate = findHostcrate(tree, hostname);
  if (!hostcrate) return undefined;
  const builder = new TreeBuilder(tree, resources);
  const root = builder.node({
    kind: "host",
    name: hostname,
    place: formatPlace(hostcrate.place),
    note: [`match ${hostcrate.match.source}`, hostcrate.environment].filter(Boolean).join(", "),
  }, () => builder.layers(hostcrate));
  return { roots: root ? [root] : [], leftOut: builder.leftOut };
}

/** A crate with its resources and what it depends on, and after it who leads to it; undefined if there is none. */
export function crateTree(tree: StackTree, name: string): ConfigTree | undefined {
  const crate = tree.crates.get(name) ?? tree.usercrates.get(name) ??
    tree.usercrates.get(USERCRATE.prefix + name);
  if (!crate) return undefined;
  const builder = new TreeBuilder(tree, "declared");
  const roots = builder.all([crate], () => builder.crate(crate));
  const names = (references: readonly NameReference[]) =>
    references.some((one) => one.name === name);
  const users: Head[] = [
    ...[...tree.roles.values()].filter(({ configcrates }) => names(configcrates))
      .map((role): Head => ({ ...head("role", role), note: "gives it" })),
    ...[...tree.crates.values()].filter(({ dependsOn }) => names(dependsOn))
      .map((other): Head => ({ ...head("configcrate", other), note: "depends on it" })),
    ...tree.hostcrates.filter(({ crates }) => crates.includes(crate)).map((hostcrate): Head => ({
      kind: "match",
      name: hostcrate.match.source,
      place: formatPlace(hostcrate.place),
      note: "gets it",
    })),
  ];
  roots.push(...builder.all(users, (user) => builder.node(user, () => [])));
  return { roots, leftOut: builder.leftOut };
}

type Head = Pick<ConfigTreeNode, "kind" | "name" | "place" | "note">;

function head(kind: Head["kind"], { name, place }: NameReference): Head {
  return { kind, name, place: formatPlace(place), note: "" };
}

class TreeBuilder {
  leftOut = 0;
  #nodes = 0;
  readonly #shown = new Set<string>();

  /** @param resources of a host; `declared` for those that crates name; without it none are shown. */
  constructor(
    private readonly tree: StackTree,
    private readonly resources?: readonly BundleResource[] | "declared",
  ) {}

  all<Item>(
    items: readonly Item[],
    build: (item: Item) => ConfigTreeNode | undefined,
  ): ConfigTreeNode[] {
    return items.map(build).filter((node) => node !== undefined);
  }

  node(top: Head, children: () => readonly ConfigTreeNode[]): ConfigTreeNode | undefined {
    if (this.#nodes >= MAX_TREE_NODES) {
      this.leftOut++;
      return undefined;
    }
    this.#nodes++;
    return { ...top, repeated: false, children: children() };
  }

  layers({ layers, match, environment, crates }: Hostcrate): ConfigTreeNode[] {
    // Roles of one entry may share crates; those of another entry begin anew where resources are shown.
    return layers.flatMap((layer) => {
      const inside = () => this.#assigned(layer, crates);
      if (layer.kind === "match") return inside();
      const name = layer.kind === "environment" ? environment ?? match.source : layer.place.file;
      const wrapped = this.node(head(layer.kind, { name, place: layer.place }), inside);
      return wrapped && wrapped.children.length > 0 ? [wrapped] : [];
    });
  }

  crate(crate: Configcrate): ConfigTreeNode | undefined {
    const isUsercrate = crate.name.startsWith(USERCRATE.prefix);
    const note = [
      crate.when ? `when ${crate.when.condition.text}` : "",
      crate.foreach ? "foreach" : "",
    ].filter(Boolean).join(", ");
    return this.#once({ ...head(isUsercrate ? "usercrate" : "configcrate", crate), note }, () => [
      ...this.#crates(crate.dependsOn),
      ...this.#resources(crate),
    ]);
  }

  #assigned(layer: HostLayer, given: readonly Configcrate[]): ConfigTreeNode[] {
    const isGiven = ({ name }: NameReference) => given.some((crate) => crate.name === name);
    return [
      ...this.all(layer.roles, (role) => this.#role(role)),
      ...this.#crates(layer.configcrates.filter(isGiven)),
      ...this.all(layer.usercrates, ({ name }) => {
        const crate = this.tree.usercrates.get(USERCRATE.prefix + name);
        return crate && this.crate(crate);
      }),
    ];
  }

  #role({ name }: NameReference): ConfigTreeNode | undefined {
    const role = this.tree.roles.get(name);
    return role && this.#once(head("role", role), () => [
      ...this.all(role.includes, (included) => this.#role(included)),
      ...this.#crates(role.configcrates),
    ]);
  }

  #crates(references: readonly NameReference[]): ConfigTreeNode[] {
    return this.all(references, ({ name }) => {
      const crate = this.tree.crates.get(name);
      return crate && this.crate(crate);
    });
  }

  #resources(crate: Configcrate): ConfigTreeNode[] {
    if (this.resources === undefined) return [];
    const shown = this.resources === "declared"
      ? crate.resources.map(({ type, name, place, when }) => ({
        id: `${type}:${writtenText(name)}`,
        source: formatPlace(place),
        note: when ? `when ${when.condition.text}` : "",
      }))
      : this.resources.filter((resource) => resource.crate === crate.name).map((resource) => ({
        id: resource.id,
        source: resource.source,
        note: resource.dependsOn.length > 0 ? `after ${resource.dependsOn.join(", ")}` : "",
      }));
    return this.all(
      shown,
      ({ id, source, note }) =>
        this.node({ kind: "resource", name: id, place: source, note }, () => []),
    );
  }

  /** Roles and crates are shown whole where they are met first. */
  #once(top: Head, children: () => readonly ConfigTreeNode[]): ConfigTreeNode | undefined {
    const key = `${top.kind} ${top.name}`;
    const isShown = this.#shown.has(key);
    this.#shown.add(key);
    const node = this.node(top, isShown ? () => [] : children);
    return node && isShown && this.#hasChildren(top) ? { ...node, repeated: true } : node;
  }

  #hasChildren({ kind, name }: Head): boolean {
    if (kind === "role") return true;
    const crate = this.tree.crates.get(name) ?? this.tree.usercrates.get(name);
    return (crate?.dependsOn.length ?? 0) > 0 || this.resources !== undefined;
  }
}
