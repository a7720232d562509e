import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
} from "yaml";
import { z } from "zod";
import { suggestName } from "../naming/nearest_name.ts";
import { MAX_TIMEOUT_SECS } from "../tasks/task_limits.ts";
import { DurationError, parseDuration } from "../terminal/duration.ts";
import { type Workflow, workflowSchema } from "./workflow.ts";

/** Largest workflow file, in characters: a request takes no more. */
export const MAX_WORKFLOW_LENGTH = 512 * 1024;
/** Longest value quoted in a message. */
const MAX_QUOTED_LENGTH = 60;

export type ReadWorkflow =
  | { readonly ok: true; readonly workflow: Workflow }
  | { readonly ok: false; readonly problems: readonly string[] };

/** How a file calls what a request calls otherwise; durations may have a unit. */
const FILE_NAMES: Readonly<Record<string, string>> = {
  onFailure: "on_failure",
  timeoutSecs: "timeout",
  batchSize: "batch_size",
  maxFailures: "max_failures",
  healthCheckUrl: "health_check_url",
};
const WORKFLOW_KEYS = ["name", "description", "target", "steps"];
const STEP_KEYS = [
  "name",
  "command",
  "task",
  "params",
  "target",
  "needs",
  "on_failure",
  "timeout",
  "batch_size",
  "max_failures",
  "health_check_url",
  "nice",
];

type Path = readonly PropertyKey[];

interface Problem {
  readonly path: Path;
  readonly message: string;
  /** A key of the map at the path, which is meant instead of the map. */
  readonly key?: string;
}

/**
 * Reads the YAML of a workflow file. Every mistake is reported at once, one line each, as `file:line:column: what is wrong`.
 *
 * A `target` beside `steps` is that of every step without one. Numbers among `params` are taken as they are written.
 *
 * @param file names the text in those lines.
 */
export function readWorkflow(text: string, file: string): ReadWorkflow {
  if (text.length > MAX_WORKFLOW_LENGTH) {
    const limit = `the limit is ${MAX_WORKFLOW_LENGTH}`;
    return { ok: false, problems: [`${file}:1:1: file of ${text.length} characters: ${limit}`] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    version: "1.2",
    logLevel: "error",
  });
  const tell = (offset: number, message: string) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}: ${oneLine(message)}`;
  };
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return { ok: false, problems: faults.map(({ pos, message }) => tell(pos[0], message)) };
  }
  const aliases: number[] = [];
  visit(document, { Alias: (_, node) => void aliases.push(node.range?.[0] ?? 0) });
  if (aliases.length > 0) {
    const problems = aliases.map((offset) => tell(offset, "aliases are not taken: write it out"));
    return { ok: false, problems };
  }
  keepAsWritten(document);
  const problems: Problem[] = [];
  const request = toRequest(document.toJS({ maxAliasCount: 0 }), problems);
  const parsed = workflowSchema.safeParse(request);
  if (parsed.success && problems.length === 0) return { ok: true, workflow: parsed.data };
  const known = new Set(problems.map(({ path }) => path.join("\0")));
  for (const issue of parsed.error?.issues ?? []) {
    for (const problem of fromIssue(issue)) {
      // What the file said wrong is missing from the request, too.
      if (!known.has(problem.path.join("\0"))) problems.push(problem);
    }
  }
  const placed = problems.map((problem) => ({
    offset: offsetOf(document, problem),
    message: describe(document, problem),
  })).sort((a, b) => a.offset - b.offset);
  return { ok: false, problems: placed.map(({ offset, message }) => tell(offset, message)) };
}

/** Parameters and amounts are text: `0644` and `25` are taken as somebody wrote them. */
function keepAsWritten(document: Document.Parsed): void {
  visit(document, {
    Pair: (_, { key, value }, ancestors) => {
      const holder = ancestors.at(-2);
      const isParameter = isPair(holder) && isScalar(holder.key) && holder.key.value === "params";
      const isAmount = isScalar(key) &&
        (key.value === "batch_size" || key.value === "max_failures");
      if (!isParameter && !isAmount) return;
      if (!isScalar(value) || value.value === null || typeof value.value === "string") return;
      value.value = value.source ?? String(value.value);
    },
  });
}

/** The same as a request has it: other names, seconds, and the target of the workflow in each step without one. */
function toRequest(value: unknown, problems: Problem[]): unknown {
  if (!isRecord(value)) return value;
  const { target, ...workflow } = value;
  for (const key of Object.keys(value)) noteStranger(key, [], WORKFLOW_KEYS, problems);
  if (!Array.isArray(value["steps"])) return pick(workflow, WORKFLOW_KEYS);
  const steps = value["steps"].map((step: unknown, position) => {
    if (!isRecord(step)) return step;
    const path = ["steps", position];
    for (const key of Object.keys(step)) noteStranger(key, path, STEP_KEYS, problems);
    const { needs, timeout, ...others } = pick(step, STEP_KEYS);
    const timeoutSecs = timeout === undefined
      ? undefined
      : readTimeout(timeout, [...path, "timeout"], problems);
    return {
      ...(target === undefined ? {} : { target }),
      ...Object.fromEntries(
        Object.entries(others).map(([key, member]) => [requestName(key), member]),
      ),
      ...(needs === undefined ? {} : { needs: typeof needs === "string" ? [needs] : needs }),
      ...(timeoutSecs === undefined ? {} : { timeoutSecs }),
    };
  });
  return { ...pick(workflow, WORKFLOW_KEYS), steps };
}

function noteStranger(
  key: string,
  path: Path,
  known: readonly string[],
  problems: Problem[],
): void {
  if (known.includes(key)) return;
  // Flags are written with dashes.
  const meant = key.replaceAll("-", "_");
  const remedy = known.includes(meant)
    ? `. Did you mean ${quote(meant)}?`
    : suggestName(key, known) || `: expected ${known.join(", ")}`;
  problems.push({ path, key, message: `unknown key ${quote(key)}${remedy}` });
}

function readTimeout(value: unknown, path: Path, problems: Problem[]): number | undefined {
  const seconds = typeof value === "number"
    ? value
    : typeof value === "string"
    ? secondsOf(value)
    : undefined;
  if (
    seconds !== undefined && Number.isInteger(seconds) && seconds >= 1 &&
    seconds <= MAX_TIMEOUT_SECS
  ) return seconds;
  const most = `${MAX_TIMEOUT_SECS / 3600}h`;
  problems.push({
    path,
    message: `expected whole seconds or a duration such as 5m, from 1s to ${most}`,
  });
  return undefined;
}

function secondsOf(text: string): number | undefined {
  try {
    return parseDuration(text) / 1000;
  } catch (error) {
    if (error instanceof DurationError) return undefined;
    throw error;
  }
}

function fromIssue(issue: z.core.$ZodIssue): Problem[] {
  // The file's own keys have been looked at.
  if (issue.code === "unrecognized_keys") return [];
  const path = issue.path.map((step) => FILE_NAMES[String(step)] ?? step);
  return [{ path, message: issue.message }];
}

function requestName(key: string): string {
  return Object.entries(FILE_NAMES).find(([, name]) => name === key)?.[0] ?? key;
}

function describe(document: Document.Parsed, { path, key, message }: Problem): string {
  if (key !== undefined) return message;
  if (path.length === 0) return "expected a map with a name and a list of steps";
  const node = document.getIn(path, true);
  if (node === undefined) return `${nameOf(path)} is missing`;
  return `${nameOf(path)}${isScalar(node) ? ` ${quote(node.toJSON())}` : ""}: ${message}`;
}

/** `step 2, target`; steps are counted from 1. */
function nameOf(path: Path): string {
  const [first, position, ...rest] = path;
  if (first !== "steps" || typeof position !== "number") return path.join(".");
  return [`step ${position + 1}`, ...(rest.length === 0 ? [] : [rest.join(".")])].join(", ");
}

/** Where the deepest part of a path stands that is in the file; of what is missing, the map that it is missing from. */
function offsetOf(document: Document.Parsed, { path, key }: Problem): number {
  const map = key === undefined ? undefined : nodeAt(document, path);
  if (isMap(map)) {
    const pair = map.items.find((item) => isPair(item) && String(item.key) === key);
    if (isNode(pair?.key)) return pair.key.range?.[0] ?? 0;
  }
  for (let length = path.length; length >= 0; length -= 1) {
    const node = nodeAt(document, path.slice(0, length));
    if (isNode(node) && !isAlias(node)) return node.range?.[0] ?? 0;
  }
  return 0;
}

function nodeAt(document: Document.Parsed, path: Path): unknown {
  return path.length === 0 ? document.contents : document.getIn(path, true);
}

function pick(value: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.flatMap((key) => key in value ? [[key, value[key]]] : []));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > MAX_QUOTED_LENGTH ? `${text.slice(0, MAX_QUOTED_LENGTH)}…` : text;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
}
