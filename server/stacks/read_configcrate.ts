import { suggestName } from "../../shared/naming/nearest_name.ts";
import { quote } from "./problem_list.ts";
import { readCondition } from "./read_condition.ts";
import { readForeach, readResource } from "./read_resource.ts";
import { readVariables, type StackReaders } from "./read_variables.ts";
import type { ResourceCatalog } from "./resource_catalog.ts";
import type { Configcrate } from "./stack_tree.ts";
import type { StackValue } from "./stack_value.ts";
import type { VgoEntry, VgoNode } from "./vgo_node.ts";

/** The two kinds of crate. */
export interface CrateKind {
  readonly what: "configcrate" | "usercrate";
  /** What stands in front of its name. */
  readonly prefix: string;
  /** The only types of resource it may hold; undefined for all. */
  readonly types: readonly string[] | undefined;
  readonly keys: readonly string[];
}

const KEYS: readonly string[] = [
  "name",
  "vars",
  "defaults",
  "when",
  "foreach",
  "depends_on",
  "resources",
];

export const CONFIGCRATE: CrateKind = {
  what: "configcrate",
  prefix: "",
  types: undefined,
  keys: KEYS,
};

/** What one person has on the hosts that name it: the account, and what it may do on the swarm. */
export const USERCRATE: CrateKind = {
  what: "usercrate",
  prefix: "usercrates/",
  types: ["user"],
  keys: KEYS.filter((key) => key !== "depends_on"),
};

/** Reads a file below `configcrates/` or `usercrates/`. A crate whose name cannot be read is reported and left out. */
export function readConfigcrate(
  node: VgoNode,
  { what, prefix, types, keys }: CrateKind,
  catalog: ResourceCatalog,
  outside: StackReaders,
): Configcrate | undefined {
  const { nodes, problems, lost } = outside;
  const entries = nodes.map(node, { what, known: keys });
  if (!entries) return undefined;
  const nameEntry = entries.get("name");
  const reference = nameEntry && nodes.name(nameEntry.value, `the name of a ${what}`);
  if (!nameEntry) problems.add(node.place, `${what} without a name: add "name:"`);
  const name = prefix + (reference?.name ?? "");
  const foreach = readForeach(entries.get("foreach"), outside);
  const readers = entries.has("foreach")
    ? { ...outside, values: outside.values.withItem() }
    : outside;
  const resources = entries.get("resources");
  if (resources && resources.value.kind !== "list") lost.isAnyResource = true;
  if (resources && resources.value.kind !== "list" && resources.value.kind !== "unreadable") {
    problems.add(resources.value.place, 'expected a list for "resources"');
  }
  const items = resources?.value.kind === "list" ? resources.value.items : [];
  const crate: Configcrate = {
    name,
    place: reference?.place ?? node.place,
    vars: readVariables(entries.get("vars"), readers),
    defaults: readDefaults(entries.get("defaults"), catalog, readers),
    dependsOn: nodes.names(entries.get("depends_on"), "the name of a configcrate"),
    when: readCondition(entries.get("when"), readers),
    foreach,
    resources: items.map((item) => readResource(item, name, catalog, readers))
      .filter((resource) => resource !== undefined),
  };
  for (const { type, place } of crate.resources) {
    if (!types || types.includes(type)) continue;
    problems.add(
      place,
      `a ${what} holds ${types.join(" and ")} resources only: move the ${type} to a configcrate`,
    );
  }
  if (!reference) return undefined;
  // Without what it goes through the item is missing everywhere, which would be said of each place.
  if (foreach || !entries.has("foreach")) return crate;
  lost.isAnyResource = true;
  return { ...crate, vars: new Map(), resources: [] };
}

function readDefaults(
  entry: VgoEntry | undefined,
  catalog: ResourceCatalog,
  { nodes, values, problems }: StackReaders,
): ReadonlyMap<string, ReadonlyMap<string, StackValue>> {
  const defaults = new Map<string, ReadonlyMap<string, StackValue>>();
  const map = entry && nodes.anyMap(entry.value, '"defaults"');
  for (const { key: type, keyPlace, value } of map?.entries ?? []) {
    const parameters = catalog.parameterNames[type];
    if (!parameters) {
      const types = Object.keys(catalog.schemas);
      problems.add(
        keyPlace,
        `unknown resource type ${quote(type)} in "defaults"${
          suggestName(type, types) || `: expected one of ${types.join(", ")}`
        }`,
      );
      continue;
    }
    const known = parameters.filter((parameter) => parameter !== catalog.naturalKeys[type]);
    const entries = nodes.map(value, { what: `the defaults of ${type}`, known });
    defaults.set(type, values.readEntries([...entries?.values() ?? []]));
  }
  return defaults;
}
