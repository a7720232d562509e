import { suggestName } from "../../shared/naming/nearest_name.ts";
import { ShellTemplate } from "../../shared/tasks/shell_template.ts";
import {
  parseBatchSize,
  parseMaxFailures,
  TaskAmountError,
} from "../../shared/tasks/task_amount.ts";
import { MAX_COMMAND_BYTES, MAX_NICE, MAX_TIMEOUT_SECS } from "../../shared/tasks/task_limits.ts";
import type { TaskParameter } from "../../shared/tasks/task_parameter.ts";
import { DurationError, parseDuration } from "../../shared/terminal/duration.ts";
import { quote } from "./problem_list.ts";
import { readTaskParameters } from "./read_task_parameters.ts";
import type { StackReaders } from "./read_variables.ts";
import type { NamedTask } from "./stack_tree.ts";
import { describeNode, type VgoEntry, type VgoNode } from "./vgo_node.ts";

export const TASK_KEYS: readonly string[] = [
  "name",
  "description",
  "params",
  "command",
  "timeout",
  "nice",
  "batch_size",
  "max_failures",
  "health_check_url",
];

/** Longest description, in UTF-16 code units. */
export const MAX_TASK_DESCRIPTION = 1_000;
/** Longest address of a health check. */
const MAX_URL = 2_048;

/** Reads a file below `tasks/`. A task that cannot be run as it was meant is reported and left out. */
export function readTask(node: VgoNode, readers: StackReaders): NamedTask | undefined {
  const { nodes, problems } = readers;
  const entries = nodes.map(node, { what: "task", known: TASK_KEYS });
  if (!entries) return undefined;
  for (const key of ["name", "command"]) {
    if (!entries.has(key)) {
      problems.add(node.place, `task without a ${key}: add "${key}:"`);
    }
  }
  const nameEntry = entries.get("name");
  const reference = nameEntry && nodes.name(nameEntry.value, "the name of a task");
  const params = readTaskParameters(entries.get("params"), readers);
  const command = readCommand(entries.get("command"), params, readers);
  const task = {
    description: readText(entries.get("description"), MAX_TASK_DESCRIPTION, readers) ?? "",
    timeoutSecs: readTimeout(entries.get("timeout"), readers),
    nice: readNice(entries.get("nice"), readers),
    batchSize: readAmount(entries.get("batch_size"), parseBatchSize, readers),
    maxFailures: readAmount(entries.get("max_failures"), parseMaxFailures, readers),
    healthCheckUrl: readUrl(entries.get("health_check_url"), readers),
  };
  return reference && command && params && { ...reference, params, command, ...task };
}

/** @param params `undefined` if they cannot be read: then a name that is missing is no news. */
function readCommand(
  entry: VgoEntry | undefined,
  params: readonly TaskParameter[] | undefined,
  { nodes, problems }: StackReaders,
): ShellTemplate | undefined {
  if (entry === undefined || nodes.text(entry.value, '"command"') === undefined) return undefined;
  const { value: node } = entry;
  if (node.kind !== "scalar" || typeof node.value !== "string") return undefined;
  const { value: text } = node;
  if (text.trim() === "" || text.includes("\0") || !text.isWellFormed()) {
    problems.add(node.place, "expected a command for a shell, without zero bytes");
    return undefined;
  }
  if (new TextEncoder().encode(text).length > MAX_COMMAND_BYTES) {
    problems.add(node.place, `command is longer than ${MAX_COMMAND_BYTES} bytes`);
    return undefined;
  }
  const parsed = ShellTemplate.parse(text);
  if (!parsed.ok) {
    for (const { offset, message } of parsed.mistakes) {
      problems.add(node.placeAt(offset), message);
    }
    return undefined;
  }
  const names = params?.map(({ name }) => name) ?? [];
  const uses = parsed.template.uses();
  for (const { name, offset } of uses) {
    if (params === undefined || names.includes(name)) continue;
    problems.add(
      node.placeAt(offset),
      `unknown parameter ${quote(name)}${suggestName(name, names) || ': name it under "params"'}`,
    );
  }
  for (const name of names) {
    if (uses.some((use) => use.name === name)) continue;
    problems.add(node.place, `parameter ${quote(name)} is not in the command: use it or remove it`);
  }
  return parsed.template;
}

function readText(
  entry: VgoEntry | undefined,
  maxLength: number,
  { nodes, problems }: StackReaders,
): string | undefined {
  if (entry === undefined) return undefined;
  const text = nodes.text(entry.value, quote(entry.key));
  if (text === undefined || text.length <= maxLength) return text;
  problems.add(entry.value.place, `text is longer than ${maxLength} characters`);
  return undefined;
}

function readTimeout(entry: VgoEntry | undefined, { problems }: StackReaders): number | undefined {
  if (entry === undefined || entry.value.kind === "unreadable") return undefined;
  const { value: node } = entry;
  const value = node.kind === "scalar" ? node.value : undefined;
  const seconds = typeof value === "number" ? value : secondsOf(value);
  if (
    seconds !== undefined && Number.isInteger(seconds) && seconds >= 1 &&
    seconds <= MAX_TIMEOUT_SECS
  ) return seconds;
  problems.add(
    node.place,
    `expected whole seconds or a duration such as 5m for "timeout", from 1s to ${
      MAX_TIMEOUT_SECS / 3600
    }h, found ${describeNode(node)}`,
  );
  return undefined;
}

function secondsOf(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  try {
    return parseDuration(value) / 1000;
  } catch (error) {
    if (error instanceof DurationError) return undefined;
    throw error;
  }
}

function readNice(entry: VgoEntry | undefined, { problems }: StackReaders): number | undefined {
  if (entry === undefined || entry.value.kind === "unreadable") return undefined;
  const { value: node } = entry;
  const value = node.kind === "scalar" ? node.value : undefined;
  const isNice = typeof value === "number" && Number.isInteger(value) && value >= 0 &&
    value <= MAX_NICE;
  if (isNice) return value;
  problems.add(node.place, `expected 0 to ${MAX_NICE} for "nice", found ${describeNode(node)}`);
  return undefined;
}

function readAmount(
  entry: VgoEntry | undefined,
  parse: (text: string) => unknown,
  { problems }: StackReaders,
): string | undefined {
  if (entry === undefined || entry.value.kind === "unreadable") return undefined;
  const { value: node } = entry;
  if (node.kind !== "scalar" || node.value === null || typeof node.value === "boolean") {
    problems.add(
      node.place,
      `expected a count or a percentage for ${quote(entry.key)}, found ${describeNode(node)}`,
    );
    return undefined;
  }
  const text = String(node.value);
  try {
    parse(text);
    return text;
  } catch (error) {
    if (!(error instanceof TaskAmountError)) throw error;
    problems.add(node.place, error.message);
    return undefined;
  }
}

/** Which hosts may be probed is `server.yaml`'s to say, when the task is run. */
function readUrl(entry: VgoEntry | undefined, readers: StackReaders): string | undefined {
  const text = readText(entry, MAX_URL, readers);
  if (text === undefined || entry === undefined) return undefined;
  const protocol = URL.canParse(text) ? new URL(text).protocol : "";
  if (protocol === "http:" || protocol === "https:") return text;
  readers.problems.add(
    entry.value.place,
    `${quote(text)} is no address of a health check: expected http:// or https://`,
  );
  return undefined;
}
