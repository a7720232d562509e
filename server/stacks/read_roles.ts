import { quote } from "./problem_list.ts";
import type { StackReaders } from "./read_variables.ts";
import type { Role } from "./stack_tree.ts";
import type { VgoNode } from "./vgo_node.ts";

/** Reads `roles.vgo`. */
export function readRoles(node: VgoNode, readers: StackReaders): Role[] {
  const { nodes } = readers;
  const top = nodes.map(node, { what: "roles.vgo", known: ["roles"] })?.get("roles");
  const map = top && nodes.anyMap(top.value, '"roles"');
  const roles: Role[] = [];
  for (const { key, keyPlace, value } of map?.entries ?? []) {
    const entries = nodes.map(value, {
      what: `role ${quote(key)}`,
      known: ["configcrates", "includes"],
    });
    roles.push({
      name: key,
      place: keyPlace,
      includes: nodes.names(entries?.get("includes"), "the name of a role"),
      configcrates: nodes.names(entries?.get("configcrates"), "the name of a configcrate"),
    });
  }
  return roles;
}
