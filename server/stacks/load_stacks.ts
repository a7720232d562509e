import type { ConfigProblem } from "../../shared/rest/config.ts";
import { runSteps, type Steps } from "../steps/steps.ts";
import { linkStacksInSteps, type ParsedStacks } from "./link_stacks.ts";
import { parseVgo } from "./parse_vgo.ts";
import { LostNames } from "./lost_names.ts";
import { compareText, ProblemList } from "./problem_list.ts";
import { CONFIGCRATE, readConfigcrate, USERCRATE } from "./read_configcrate.ts";
import { readEnvironments } from "./read_environments.ts";
import { readCommon, readMatchEntries } from "./read_hostcrates.ts";
import { readRoles } from "./read_roles.ts";
import { readTask } from "./read_task.ts";
import type { StackReaders } from "./read_variables.ts";
import { RESOURCE_CATALOG, type ResourceCatalog } from "./resource_catalog.ts";
import type { StackTree } from "./stack_tree.ts";
import { ValueReader } from "./stack_value.ts";
import { createTemplateEngine } from "../../shared/templates/template_engine.ts";
import { VgoReader } from "./vgo_reader.ts";
import type { VgoNode } from "./vgo_node.ts";

/** One file of a tree. */
export interface StackFile {
  /** Path below `stacks/`, with `/`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A tree as far as it can be read. It may be used only if there are no problems. */
export interface LoadedStacks {
  readonly tree: StackTree;
  readonly problems: readonly ConfigProblem[];
  /** What is missing from the tree since it cannot be read. */
  readonly lost: LostNames;
}

/**
 * Reads a whole tree: parses each file, resolves roles, configcrates and inheritance, and reports everything that is wrong
 * at once, sorted by place. Nothing in here throws for what stands in a file.
 */
export function loadStacks(
  files: Iterable<StackFile>,
  catalog: ResourceCatalog = RESOURCE_CATALOG,
): LoadedStacks {
  return runSteps(loadStacksInSteps(files, catalog));
}

/** The same in steps, for whoever has other work between them. */
export function* loadStacksInSteps(
  files: Iterable<StackFile>,
  catalog: ResourceCatalog = RESOURCE_CATALOG,
): Steps<LoadedStacks> {
  const problems = new ProblemList();
  const readers: StackReaders = {
    nodes: new VgoReader(problems),
    values: new ValueReader(createTemplateEngine(), problems),
    problems,
    lost: new LostNames(),
  };
  const parsed: ParsedStacks = {
    crates: [],
    usercrates: [],
    environments: new Map(),
    roles: [],
    commons: new Map(),
    matches: [],
    templates: new Map(),
    tasks: [],
    unreadableCrates: false,
    unreadableUsercrates: false,
    unreadableRoles: false,
    unreadableEnvironments: false,
    unreadableAssignments: false,
  };
  const sorted = [...files].sort((a, b) => compareText(a.path, b.path));
  for (const file of sorted) {
    yield;
    loadFile(file, parsed, catalog, readers);
  }
  const tree = yield* linkStacksInSteps(parsed, catalog, problems);
  const { lost } = readers;
  const isCrateMissing = parsed.unreadableCrates || parsed.unreadableUsercrates ||
    parsed.unreadableRoles || parsed.unreadableEnvironments || parsed.unreadableAssignments;
  if (isCrateMissing) lost.isAnyResource = true;
  if (parsed.unreadableEnvironments || parsed.unreadableAssignments) lost.isAnyVariable = true;
  return { tree, problems: problems.sorted(), lost };
}

function loadFile(
  { path, bytes }: StackFile,
  parsed: ParsedStacks,
  catalog: ResourceCatalog,
  readers: StackReaders,
): void {
  const top = { file: path, line: 1, column: 1 };
  const [folder = "", ...below] = path.split("/");
  const text = decode(bytes);
  if (text === undefined) {
    readers.problems.add(top, "file is not UTF-8 text");
    if (folder === "configcrates") parsed.unreadableCrates = true;
    if (folder === "usercrates") parsed.unreadableUsercrates = true;
    return;
  }
  if (folder === "templates" && below.length > 0) return loadTemplate(path, text, parsed, readers);
  const name = path.slice(path.lastIndexOf("/") + 1);
  const node = parseVgo(path, text, readers.problems);
  if (folder === "configcrates" && below.length > 0) {
    const crate = node && readConfigcrate(node, CONFIGCRATE, catalog, readers);
    if (crate) parsed.crates.push(crate);
    else parsed.unreadableCrates = true;
  } else if (folder === "usercrates" && below.length > 0) {
    const crate = node && readConfigcrate(node, USERCRATE, catalog, readers);
    if (crate) parsed.usercrates.push(crate);
    else parsed.unreadableUsercrates = true;
  } else if (folder === "tasks" && below.length > 0) {
    const task = node && readTask(node, readers);
    if (task) parsed.tasks.push(task);
  } else if (name === "environments.vgo") {
    const environments = node && readEnvironments(node, readers);
    if (environments) parsed.environments.set(path.slice(0, -name.length), environments);
    else parsed.unreadableEnvironments = true;
  } else if (name === "common.vgo") {
    const common = node && readCommon(node, readers);
    if (common) parsed.commons.set(path.slice(0, -name.length), common);
    else parsed.unreadableAssignments = true;
  } else if (path === "roles.vgo") {
    if (node) parsed.roles.push(...readRoles(node, readers));
    else parsed.unreadableRoles = true;
  } else if (name === "roles.vgo") {
    readers.problems.add(
      top,
      '"roles.vgo" stands in a folder: there is one, at the top of stacks/',
    );
  } else loadMatches(path, node, parsed, readers);
}

function loadMatches(
  path: string,
  node: VgoNode | undefined,
  parsed: ParsedStacks,
  readers: StackReaders,
): void {
  if (!node) {
    parsed.unreadableAssignments = true;
    return;
  }
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  for (const entry of readMatchEntries(node, readers)) parsed.matches.push({ folder, entry });
}

function loadTemplate(
  path: string,
  text: string,
  parsed: ParsedStacks,
  { values }: StackReaders,
): void {
  const placeAt = (offset: number) => {
    const before = text.slice(0, offset).split("\n");
    return { file: path, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  };
  const template = values.parseTemplate(text, placeAt, { hasItem: true });
  parsed.templates.set(path, template && { template, placeAt });
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
