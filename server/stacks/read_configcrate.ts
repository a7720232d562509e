import { suggestName } from "../../shared/naming/nearest_name.ts";
import { quote } from "./problem_list.ts";
import { readResource } from "./read_resource.ts";
import { readVariables, type StackReaders } from "./read_variables.ts";
import type { ResourceCatalog } from "./resource_catalog.ts";
import type { Configcrate } from "./stack_tree.ts";
import type { StackValue } from "./stack_value.ts";
import type { VgoEntry, VgoNode } from "./vgo_node.ts";

const RULES = {
  what: "configcrate",
  known: ["name", "vars", "defaults", "depends_on", "resources"],
  later: ["when", "foreach"],
};

/** Reads a file below `configcrates/`. A crate whose name cannot be read is reported and left out. */
export function readConfigcrate(
  node: VgoNode,
  catalog: ResourceCatalog,
  readers: StackReaders,
): Configcrate | undefined {
  const { nodes, problems } = readers;
  const entries = nodes.map(node, RULES);
  if (!entries) return undefined;
  const nameEntry = entries.get("name");
  const reference = nameEntry && nodes.name(nameEntry.value, "the name of a configcrate");
  if (!nameEntry) problems.add(node.place, 'configcrate without a name: add "name:"');
  const name = reference?.name ?? "";
  const resources = entries.get("resources");
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
    resources: items.map((item) => readResource(item, name, catalog, readers))
      .filter((resource) => resource !== undefined),
  };
  return reference && crate;
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
