import {
  judgeParameter,
  PARAMETER_TYPES,
  type ParameterPattern,
  type ParameterType,
  parseParameterPattern,
  type TaskParameter,
} from "../../shared/tasks/task_parameter.ts";
import { suggestName } from "../../shared/naming/nearest_name.ts";
import { formatPlace, type Place, quote } from "./problem_list.ts";
import type { StackReaders } from "./read_variables.ts";
import { describeNode, type VgoEntry, type VgoNode } from "./vgo_node.ts";

export const PARAMETER_KEYS: readonly string[] = [
  "name",
  "description",
  "type",
  "required",
  "default",
  "pattern",
];

/** What `{{ params.… }}` can name. */
const PARAMETER_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/** Parameters of one task; a request takes no more. */
const MAX_TASK_PARAMETERS = 100;

/** Reads the `params:` of a task. @returns `undefined` if one of them cannot be read, which has been reported. */
export function readTaskParameters(
  entry: VgoEntry | undefined,
  readers: StackReaders,
): readonly TaskParameter[] | undefined {
  const { problems } = readers;
  if (entry === undefined) return [];
  const { value: node } = entry;
  if (node.kind !== "list" || node.items.length > MAX_TASK_PARAMETERS) {
    if (node.kind !== "unreadable") {
      problems.add(
        node.place,
        `expected a list of at most ${MAX_TASK_PARAMETERS} maps for "params", as in "- name: env"`,
      );
    }
    return undefined;
  }
  const found = new Map<string, Place>();
  const params: TaskParameter[] = [];
  for (const item of node.items) {
    const parameter = readParameter(item, readers);
    if (!parameter) continue;
    const earlier = found.get(parameter.name);
    if (earlier) {
      problems.add(
        item.place,
        `duplicate parameter ${quote(parameter.name)}: ${formatPlace(earlier)} has that name`,
      );
    } else {
      found.set(parameter.name, item.place);
      params.push(parameter);
    }
  }
  return params.length === node.items.length ? params : undefined;
}

function readParameter(node: VgoNode, readers: StackReaders): TaskParameter | undefined {
  const { nodes, problems } = readers;
  const entries = nodes.map(node, { what: "a parameter", known: PARAMETER_KEYS });
  if (!entries) return undefined;
  const nameEntry = entries.get("name");
  if (!nameEntry) problems.add(node.place, 'parameter without a name: add "name:"');
  const name = nameEntry && nodes.text(nameEntry.value, '"name"');
  if (name === undefined || nameEntry === undefined) return undefined;
  if (!PARAMETER_NAME.test(name)) {
    problems.add(
      nameEntry.value.place,
      `${quote(name)} cannot be a parameter: expected letters, digits and "_", as in "app_env"`,
    );
    return undefined;
  }
  const description = entries.get("description");
  const type = readType(entries.get("type"), readers);
  const pattern = readPattern(entries.get("pattern"), readers);
  const fallback = entries.get("default");
  const isRequired = readRequired(entries.get("required"), fallback, readers);
  const parameter = {
    name,
    description: description && nodes.text(description.value, '"description"') || "",
    type: type ?? "string",
    required: isRequired,
    pattern,
  };
  const value = fallback && readDefault(fallback, parameter, readers);
  const isWhole = type !== undefined && entries.has("pattern") === (pattern !== undefined) &&
    (fallback === undefined) === (value === undefined);
  return isWhole ? { ...parameter, default: value } : undefined;
}

function readType(
  entry: VgoEntry | undefined,
  { nodes, problems }: StackReaders,
): ParameterType | undefined {
  if (!entry) return "string";
  const text = nodes.text(entry.value, '"type"');
  if (text === undefined) return undefined;
  const type = PARAMETER_TYPES.find((known) => known === text);
  if (type === undefined) {
    problems.add(
      entry.value.place,
      `unknown type ${quote(text)}${
        suggestName(text, PARAMETER_TYPES) || `: expected one of ${PARAMETER_TYPES.join(", ")}`
      }`,
    );
  }
  return type;
}

/** What has a default need not be given; all else must be, unless it says otherwise. */
function readRequired(
  entry: VgoEntry | undefined,
  fallback: VgoEntry | undefined,
  { problems }: StackReaders,
): boolean {
  if (!entry) return fallback === undefined;
  const { value: node } = entry;
  const value = node.kind === "scalar" ? node.value : undefined;
  if (typeof value !== "boolean") {
    if (node.kind !== "unreadable") {
      problems.add(
        node.place,
        `expected true or false for "required", found ${describeNode(node)}`,
      );
    }
  } else if (value && fallback) {
    problems.add(node.place, "a parameter that is required has no default: remove one of the two");
  } else return value;
  return true;
}

function readPattern(
  entry: VgoEntry | undefined,
  { nodes, problems }: StackReaders,
): ParameterPattern | undefined {
  const source = entry && nodes.text(entry.value, '"pattern"');
  if (entry === undefined || source === undefined) return undefined;
  const parsed = parseParameterPattern(source);
  if (parsed.ok) return parsed.pattern;
  problems.add(
    entry.value.place,
    `expected a regular expression in the syntax of RE2 for "pattern": ${parsed.reason}`,
  );
  return undefined;
}

function readDefault(
  { value: node }: VgoEntry,
  parameter: Pick<TaskParameter, "type" | "pattern">,
  { problems }: StackReaders,
): string | undefined {
  if (node.kind === "unreadable") return undefined;
  if (node.kind !== "scalar" || node.value === null) {
    problems.add(node.place, `expected a value for "default", found ${describeNode(node)}`);
    return undefined;
  }
  // As it is written, since `0644` and 420 are not the same text.
  const value = typeof node.value === "string" ? node.value : node.written;
  const problem = judgeParameter(parameter, value);
  if (problem === undefined) return value;
  problems.add(node.place, `default ${quote(value)} is none of the values it allows: ${problem}`);
  return undefined;
}
