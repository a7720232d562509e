import type { ConfigProblem } from "../../shared/rest/config.ts";
import { runSteps, type Steps } from "../steps/steps.ts";
import { loadStacksInSteps, type StackFile } from "../stacks/load_stacks.ts";
import { type Place, ProblemList } from "../stacks/problem_list.ts";
import { RESOURCE_CATALOG, type ResourceCatalog } from "../stacks/resource_catalog.ts";
import type { Configcrate, Hostcrate, StackTree, Variables } from "../stacks/stack_tree.ts";
import type { StackValue } from "../stacks/stack_value.ts";
import { explainUndefined, type Template } from "../../shared/templates/template.ts";
import { CheckedEntries } from "./checked_entries.ts";
import { checkHostcrateInSteps } from "./compile_host.ts";
import type { Reference } from "./rendered_resource.ts";

export type CheckedStacks =
  | { readonly ok: true; readonly tree: StackTree }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Most patterns that a message names; the rest is counted. */
const MAX_NAMED_PATTERNS = 3;
/**
 * Loads a tree and checks everything that can be known without a host: what each file says, and then, for every `match:`
 * entry, names of variables, parameters, references between resources, cycles and guardrails. Configcrates that no entry
 * uses are checked as if one did. All mistakes come back at once, sorted by place.
 */
export function checkStacks(
  files: Iterable<StackFile>,
  catalog: ResourceCatalog = RESOURCE_CATALOG,
): CheckedStacks {
  return runSteps(checkStacksInSteps(files, catalog));
}

/** The same in steps, for a server that has check-ins to answer meanwhile. */
export function* checkStacksInSteps(
  files: Iterable<StackFile>,
  catalog: ResourceCatalog = RESOURCE_CATALOG,
): Steps<CheckedStacks> {
  const { tree, problems: loading, lost } = yield* loadStacksInSteps(files, catalog);
  const problems = new ProblemList();
  problems.addAll(loading);
  const everywhere = declaredResources(tree);
  const mayBeElsewhere = ({ id }: Reference) =>
    everywhere.has(id) || everywhere.has(id.slice(0, id.indexOf(":")));
  // A crate may be missing from an entry, and a name from a file, because of what has been reported already.
  const isWhole = loading.length === 0;
  const variables = isWhole ? new Set<string>() : declaredVariables(tree);
  const mustResolve = (reference: Reference) =>
    isWhole || !lost.losesResource(reference.id) && !mayBeElsewhere(reference);
  const isEcho = (name: string) => variables.has(name) || lost.losesVariable(name);
  const found: (Case & { readonly problems: readonly ConfigProblem[] })[] = [];
  const checked = new CheckedEntries();
  for (const hostcrate of tree.hostcrates) {
    yield;
    if (checked.isCovered(hostcrate)) continue;
    const list = new ProblemList();
    checked.add(
      hostcrate,
      yield* checkHostcrateInSteps(tree, hostcrate, list, mustResolve),
    );
    checkVariableNames(tree, hostcrate, list);
    found.push({ hostcrate, isUsed: true, problems: withoutEchoes(list, isEcho) });
  }
  for (const hostcrate of unusedCrates(tree)) {
    yield;
    const list = new ProblemList();
    yield* checkHostcrateInSteps(
      tree,
      hostcrate,
      list,
      (reference) => mustResolve(reference) && !mayBeElsewhere(reference),
    );
    checkVariableNames(tree, hostcrate, list);
    found.push({ hostcrate, isUsed: false, problems: withoutEchoes(list, isEcho) });
  }
  mergeFindings(found, problems);
  return problems.size === 0 ? { ok: true, tree } : { ok: false, problems: problems.sorted() };
}

interface Case {
  readonly hostcrate: Hostcrate;
  readonly isUsed: boolean;
}

/** What stands for the environment where there is no host. */
const ANY_ENVIRONMENT = "any";

/** For each crate that no entry reaches an entry of its own, with every variable that some entry sets. */
function unusedCrates(tree: StackTree): Hostcrate[] {
  const lists = new Set(tree.hostcrates.map(({ crates }) => crates));
  const used = new Set([...lists].flat());
  const vars = new Map(tree.hostcrates.flatMap((hostcrate) => [...hostcrate.vars]));
  const crates = [...tree.crates.values(), ...tree.usercrates.values()];
  return crates.filter((crate) => !used.has(crate)).map((crate) => ({
    match: { source: "*", matches: () => false },
    place: crate.place,
    environment: ANY_ENVIRONMENT,
    crates: [crate],
    vars,
    layers: [],
  }));
}

/** The ids that some crate declares, and the types of which some names are templates. */
function declaredResources(tree: StackTree): ReadonlySet<string> {
  const declared = new Set<string>();
  for (const crate of [...tree.crates.values(), ...tree.usercrates.values()]) {
    for (const { type, name } of crate.resources) {
      declared.add(name.kind === "scalar" ? `${type}:${name.constant}` : type);
    }
  }
  return declared;
}

/** The names of all variables that some file sets. */
function declaredVariables(tree: StackTree): Set<string> {
  const crates = [...tree.crates.values(), ...tree.usercrates.values()];
  return new Set([...crates, ...tree.hostcrates].flatMap(({ vars }) => [...vars.keys()]));
}

/** Leaves out that a variable is missing, where that follows from a mistake in the files and has been reported as that. */
function withoutEchoes(
  problems: ProblemList,
  isEcho: (name: string) => boolean,
): readonly ConfigProblem[] {
  return problems.sorted().filter(({ message }) => {
    const name = /^undefined name "vars\.(\w+)/.exec(message)?.[1];
    return name === undefined || !isEcho(name);
  });
}

/** Finds names of variables that do not exist, also where rendering would not come by. */
function checkVariableNames(tree: StackTree, { crates, vars }: Hostcrate, problems: ProblemList) {
  for (const crate of crates) {
    const known: Record<string, null> = Object.create(null);
    for (const name of [...crate.vars.keys(), ...vars.keys()]) known[name] = null;
    const check = (
      names: readonly { readonly path: readonly string[]; readonly offset: number }[],
      placeAt: (offset: number) => Place,
    ) => {
      for (const { path: [root, name], offset } of names) {
        if (root !== "vars" || name === undefined || name in known) continue;
        const message = explainUndefined(`vars.${name}`, { vars: known, traits: {} });
        problems.add(placeAt(offset), message);
      }
    };
    for (const { template, placeAt } of templatesOf(tree, crate, vars)) {
      check(template.names(), placeAt);
    }
    for (const { when } of [crate, ...crate.resources]) {
      if (!when) continue;
      check(when.condition.names.filter(({ isAskedFor }) => !isAskedFor), when.placeAt);
    }
  }
}

interface PlacedTemplate {
  readonly template: Template;
  placeAt(offset: number): Place;
}

function* templatesOf(
  tree: StackTree,
  crate: Configcrate,
  vars: Variables,
): Generator<PlacedTemplate> {
  for (const [name, value] of crate.vars) if (!vars.has(name)) yield* templatesIn(value);
  if (crate.foreach) yield* templatesIn(crate.foreach);
  for (const defaults of crate.defaults.values()) yield* templatesInAll(defaults.values());
  for (const resource of crate.resources) {
    yield* templatesInAll(resource.params.values());
    if (resource.foreach) yield* templatesIn(resource.foreach);
    const { dependsOn, before, notify, subscribes } = resource;
    yield* templatesInAll([resource.name, ...dependsOn, ...before, ...notify, ...subscribes]);
    const source = resource.params.get("source");
    const file = source?.kind === "scalar"
      ? tree.templates.get(String(source.constant))
      : undefined;
    if (file) yield file;
  }
}

function* templatesInAll(values: Iterable<StackValue>): Generator<PlacedTemplate> {
  for (const value of values) yield* templatesIn(value);
}

function* templatesIn(value: StackValue): Generator<PlacedTemplate> {
  if (value.kind === "template") yield value;
  else if (value.kind === "list") yield* templatesInAll(value.items);
  else if (value.kind === "map") yield* templatesInAll(value.entries.values());
}

/** What is wrong for every entry that uses a file is said once; otherwise the message names the entries. */
function mergeFindings(
  findings: readonly (Case & { readonly problems: readonly ConfigProblem[] })[],
  problems: ProblemList,
): void {
  const patterns = new Map<
    string,
    { problem: ConfigProblem; patterns: string[]; isUsed: boolean }
  >();
  const users = new Map<string, number>();
  for (const { hostcrate, isUsed, problems: found } of findings) {
    for (const file of new Set(hostcrate.crates.map(({ place }) => place.file))) {
      users.set(file, (users.get(file) ?? 0) + 1);
    }
    for (const problem of found) {
      const key = JSON.stringify(problem);
      const entry = patterns.get(key) ?? { problem, patterns: [], isUsed };
      entry.patterns.push(hostcrate.match.source);
      patterns.set(key, entry);
    }
  }
  for (const { problem, patterns: named, isUsed } of patterns.values()) {
    const total = users.get(problem.file) ?? named.length;
    problems.add(
      problem,
      !isUsed || named.length >= total
        ? problem.message
        : `${problem.message} (for hosts that match ${namePatterns(named)})`,
    );
  }
}

function namePatterns(patterns: readonly string[]): string {
  const named = patterns.slice(0, MAX_NAMED_PATTERNS).map((pattern) => JSON.stringify(pattern));
  const left = patterns.length - named.length;
  return named.join(", ") + (left > 0 ? ` and ${left} more patterns` : "");
}
