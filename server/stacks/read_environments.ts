import { type Place, quote } from "./problem_list.ts";
import { readVariables, type StackReaders } from "./read_variables.ts";
import type { NameReference, Variables } from "./stack_tree.ts";
import type { VgoNode } from "./vgo_node.ts";

/** What the hosts of one environment get beside their entry, or not. */
export interface Environment {
  readonly name: string;
  readonly place: Place;
  readonly vars: Variables;
  readonly configcrates: readonly NameReference[];
  readonly excluded: readonly NameReference[];
}

/** Reads `environments.vgo`. An environment whose name cannot be read is reported and left out. */
export function readEnvironments(node: VgoNode, readers: StackReaders): Environment[] {
  const { nodes, problems } = readers;
  const rules = { what: "environments.vgo", known: ["environments"] };
  const top = nodes.map(node, rules)?.get("environments");
  const map = top && nodes.anyMap(top.value, '"environments"');
  const environments: Environment[] = [];
  for (const { key, keyPlace, value } of map?.entries ?? []) {
    if (!nodes.isName(key, keyPlace, "the name of an environment")) continue;
    const entries = nodes.map(value, {
      what: `environment ${quote(key)}`,
      known: ["vars", "configcrates", "exclude_configcrates"],
    });
    const configcrates = nodes.names(entries?.get("configcrates"), "the name of a configcrate");
    const excluded = nodes.names(
      entries?.get("exclude_configcrates"),
      "the name of a configcrate",
    );
    for (const { name, place } of excluded) {
      if (configcrates.some((wanted) => wanted.name === name)) {
        problems.add(
          place,
          `configcrate ${quote(name)} is both given and excluded: remove one of the two`,
        );
      }
    }
    environments.push({
      name: key,
      place: keyPlace,
      vars: readVariables(entries?.get("vars"), readers),
      configcrates,
      excluded,
    });
  }
  return environments;
}
