import { suggestName } from "../../shared/naming/nearest_name.ts";
import { isTemplate } from "../../shared/templates/template.ts";
import { quote } from "./problem_list.ts";
import { readCondition } from "./read_condition.ts";
import type { StackReaders } from "./read_variables.ts";
import type { ResourceCatalog } from "./resource_catalog.ts";
import type { ResourceDeclaration } from "./stack_tree.ts";
import type { StackValue } from "./stack_value.ts";
import { describeNode, type VgoEntry, type VgoNode } from "./vgo_node.ts";

/** Keys of every resource, beside its parameters. */
const META_KEYS: readonly string[] = [
  "depends_on",
  "before",
  "notify",
  "subscribes",
  "when",
  "foreach",
];
/**
 * Reads one item of `resources:`. Its first key is its type and carries its name; parameters and the keys that order it
 * follow:
 *
 * ```yaml
 * - file: /etc/motd
 *   content: "welcome\n"
 *   notify: exec:reload
 * ```
 */
export function readResource(
  node: VgoNode,
  crate: string,
  catalog: ResourceCatalog,
  outside: StackReaders,
): ResourceDeclaration | undefined {
  const { nodes, problems, lost } = outside;
  const map = nodes.anyMap(node, "a resource");
  const [head, ...rest] = map?.entries ?? [];
  if (!head) {
    lost.isAnyResource = true;
    if (map) problems.add(node.place, 'empty resource: expected one like "file: /etc/motd"');
    return undefined;
  }
  if (!isKnownType(head, rest, catalog, outside)) {
    loseName(head, outside);
    return undefined;
  }
  const type = head.key;
  const entries = new Map(rest.map((entry) => [entry.key, entry]));
  const foreach = readForeach(entries.get("foreach"), outside);
  const readers = entries.has("foreach")
    ? { ...outside, values: outside.values.withItem() }
    : outside;
  const name = readName(head, readers);
  const params = readParameters(type, rest, catalog, readers);
  const declaration = {
    type,
    crate,
    place: head.keyPlace,
    keyPlaces: new Map(rest.map(({ key, keyPlace }) => [key, keyPlace])),
    ...params,
    dependsOn: readReferences(entries.get("depends_on"), readers),
    before: readReferences(entries.get("before"), readers),
    notify: readReferences(entries.get("notify"), readers),
    subscribes: readReferences(entries.get("subscribes"), readers),
    when: readCondition(entries.get("when"), readers),
    foreach,
  };
  // Without what it goes through the item is missing everywhere, which would be said of each place.
  const isReadable = foreach !== undefined || !entries.has("foreach");
  if (name && isReadable) return { ...declaration, name };
  loseName(head, outside);
  return undefined;
}

/** Notes what a resource would have been called, or that it might have been called anything. */
function loseName({ value }: VgoEntry, { lost }: StackReaders): void {
  const text = value.kind === "scalar" ? value.value : undefined;
  if (typeof text !== "string" || isTemplate(text)) lost.isAnyResource = true;
  else lost.resources.add(text);
}

function isKnownType(
  { key, keyPlace }: VgoEntry,
  rest: readonly VgoEntry[],
  catalog: ResourceCatalog,
  { problems }: StackReaders,
): boolean {
  const types = Object.keys(catalog.schemas);
  if (types.includes(key)) return true;
  const later = rest.find((entry) => types.includes(entry.key));
  const near = suggestName(key, types);
  problems.add(
    keyPlace,
    key === "type"
      ? `"type" is not a key of resources: write the type first, as in "file: /etc/motd"`
      : later && !near
      ? `${quote(key)} stands before the type: write "${later.key}: …" first`
      : `unknown resource type ${quote(key)}${near || `: expected one of ${types.join(", ")}`}`,
  );
  return false;
}

function readName({ key, value }: VgoEntry, readers: StackReaders): StackValue | undefined {
  if (value.kind === "scalar" && typeof value.value === "string" && value.value !== "") {
    const name = readers.values.readScalar(value);
    return name && refuseSecret(name, `the name of a ${key}`, readers);
  }
  if (value.kind !== "unreadable") {
    readers.problems.add(
      value.place,
      `expected the name of the ${key} as text, found ${describeNode(value)}`,
    );
  }
  return undefined;
}

function readParameters(
  type: string,
  entries: readonly VgoEntry[],
  catalog: ResourceCatalog,
  { nodes, values }: StackReaders,
): Pick<ResourceDeclaration, "params" | "unreadable"> {
  const known = catalog.parameterNames[type] ?? [];
  const rules = { what: type, known: [...known, ...META_KEYS] };
  const parameters = entries.filter((entry) => {
    if (!rules.known.includes(entry.key)) nodes.unknownKey(entry, rules);
    return known.includes(entry.key);
  });
  const params = values.readEntries(parameters);
  const unreadable = parameters.map(({ key }) => key).filter((key) => !params.has(key));
  return { params, unreadable: new Set(unreadable) };
}

function readReferences(
  entry: VgoEntry | undefined,
  readers: StackReaders,
): StackValue[] {
  const { nodes, problems } = readers;
  const references: StackValue[] = [];
  for (const item of entry ? nodes.list(entry.value, quote(entry.key)) : []) {
    const text = nodes.text(item, "a reference to a resource");
    if (text === undefined || item.kind !== "scalar") continue;
    if (!/^[a-z_]+:./s.test(text)) {
      problems.add(
        item.place,
        `cannot read reference ${quote(text)}: expected type and name, as in "file:/etc/motd"`,
      );
      continue;
    }
    const value = readers.values.readScalar(item);
    if (value && refuseSecret(value, "a reference", readers)) references.push(value);
  }
  return references;
}

/** Reads a `foreach:`: a list, a map, or a template that gives one. */
export function readForeach(
  entry: VgoEntry | undefined,
  readers: StackReaders,
): StackValue | undefined {
  if (!entry || entry.value.kind === "unreadable") return undefined;
  const value = readers.values.read(entry.value);
  if (!value || !refuseSecret(value, '"foreach"', readers)) return undefined;
  if (value.kind !== "scalar") return value;
  readers.problems.add(
    value.place,
    `expected a list, a map or a template for "foreach", found ${describeNode(entry.value)}`,
  );
  return undefined;
}

/** What the server itself has to know cannot be a secret. */
function refuseSecret(
  value: StackValue,
  what: string,
  { problems }: StackReaders,
): StackValue | undefined {
  if (value.kind !== "secret") return value;
  problems.add(value.place, `${what} cannot be a secret: the server has to know it`);
  return undefined;
}
