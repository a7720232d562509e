import { expandNames, reportNameCycles } from "./name_graph.ts";
import type { Steps } from "../steps/steps.ts";
import { suggestName } from "../../shared/naming/nearest_name.ts";
import { formatPlace, type ProblemList, quote } from "./problem_list.ts";
import { CONFIGCRATE, USERCRATE } from "./read_configcrate.ts";
import type { Environment } from "./read_environments.ts";
import type { MatchEntry } from "./read_hostcrates.ts";
import type { ResourceCatalog } from "./resource_catalog.ts";
import type {
  Assignment,
  Configcrate,
  FileTemplate,
  Hostcrate,
  HostLayer,
  NamedTask,
  NameReference,
  Role,
  StackTree,
} from "./stack_tree.ts";
import type { StackValue } from "./stack_value.ts";

/** The parts of a tree, not yet resolved against each other. */
export interface ParsedStacks {
  readonly crates: Configcrate[];
  readonly usercrates: Configcrate[];
  /** By folder, as below. */
  readonly environments: Map<string, readonly Environment[]>;
  readonly roles: Role[];
  /** By folder: `""` is the top, `"europe/"` one below. */
  readonly commons: Map<string, Assignment>;
  /** In file order, with the folder each stands in. */
  readonly matches: { readonly folder: string; readonly entry: MatchEntry }[];
  /** Undefined for a template that could not be parsed. */
  readonly templates: Map<string, FileTemplate | undefined>;
  readonly tasks: NamedTask[];
  /** Set if some name may be missing because its file could not be read: then a missing name is no news. */
  unreadableCrates: boolean;
  unreadableUsercrates: boolean;
  unreadableRoles: boolean;
  unreadableEnvironments: boolean;
  /** The same of what gives hosts their crates and variables. */
  unreadableAssignments: boolean;
}

/** Resolves the names of roles and configcrates and what folders inherit. Mistakes go to `problems`. */
export function* linkStacksInSteps(
  parsed: ParsedStacks,
  catalog: ResourceCatalog,
  problems: ProblemList,
): Steps<StackTree> {
  const crates = indexNamed(parsed.crates, nameCrate, problems);
  const roles = new Map(parsed.roles.map((role) => [role.name, role]));
  const usercrates = indexNamed(parsed.usercrates, nameCrate, problems);
  const linker = new Linker(parsed, crates, usercrates, roles, problems);
  yield;
  linker.checkReferences();
  const hostcrates: Hostcrate[] = [];
  for (const { folder, entry } of parsed.matches) {
    yield;
    hostcrates.push(linker.linkHostcrate(folder, entry));
  }
  return {
    catalog,
    crates,
    usercrates,
    roles,
    hostcrates,
    templates: new Map(
      [...parsed.templates].flatMap(([path, template]) => template ? [[path, template]] : []),
    ),
    tasks: indexNamed(parsed.tasks, ({ name }) => `task ${quote(name)}`, problems),
  };
}

/** What has names, by them. A name that is there twice is a mistake, and the first keeps it. */
function indexNamed<Named extends NameReference>(
  all: readonly Named[],
  describe: (one: Named) => string,
  problems: ProblemList,
): Map<string, Named> {
  const index = new Map<string, Named>();
  for (const one of all) {
    const earlier = index.get(one.name);
    if (!earlier) index.set(one.name, one);
    else {
      problems.add(
        one.place,
        `duplicate ${describe(one)}: ${formatPlace(earlier.place)} has that name`,
      );
    }
  }
  return index;
}

function nameCrate({ name }: NameReference): string {
  return name.startsWith(USERCRATE.prefix)
    ? `${USERCRATE.what} ${quote(name.slice(USERCRATE.prefix.length))}`
    : `${CONFIGCRATE.what} ${quote(name)}`;
}

/** What `excluded` stands for where nothing can be taken away. */
const NOTHING_EXCLUDED: readonly NameReference[] = [];

class Linker {
  readonly #crateLists = new Map<string, readonly Configcrate[]>();

  constructor(
    private readonly parsed: ParsedStacks,
    private readonly crates: ReadonlyMap<string, Configcrate>,
    private readonly usercrates: ReadonlyMap<string, Configcrate>,
    private readonly roles: ReadonlyMap<string, Role>,
    private readonly problems: ProblemList,
  ) {}

  checkReferences(): void {
    const { parsed, crates, roles, problems } = this;
    const assignments = [...parsed.commons.values(), ...parsed.matches.map(({ entry }) => entry)];
    for (const assignment of assignments) {
      this.#checkCrates(assignment.configcrates);
      this.#checkRoles(assignment.roles);
      this.#checkUsercrates(assignment.usercrates);
    }
    for (const environment of [...parsed.environments.values()].flat()) {
      this.#checkCrates(environment.configcrates);
      this.#checkCrates(environment.excluded);
    }
    for (const role of roles.values()) {
      this.#checkCrates(role.configcrates);
      this.#checkRoles(role.includes);
    }
    for (const crate of crates.values()) this.#checkCrates(crate.dependsOn);
    const includes = (name: string) => roles.get(name)?.includes;
    reportNameCycles(roles.keys(), includes, problems, "roles include each other");
    const dependsOn = (name: string) => crates.get(name)?.dependsOn;
    reportNameCycles(crates.keys(), dependsOn, problems, "configcrates depend on each other");
    this.#checkPatterns();
  }

  linkHostcrate(folder: string, entry: MatchEntry): Hostcrate {
    const folders = foldersAbove(folder);
    const layers: HostLayer[] = [];
    for (const path of folders) {
      const common = this.parsed.commons.get(path);
      if (common) layers.push({ ...common, kind: "common", excluded: NOTHING_EXCLUDED });
    }
    layers.push({
      kind: "match",
      place: entry.place,
      vars: entry.vars,
      roles: entry.roles,
      configcrates: entry.configcrates,
      usercrates: entry.usercrates,
      excluded: NOTHING_EXCLUDED,
    });
    layers.push(...this.#environmentLayers(folders, entry));
    const vars = new Map<string, StackValue>();
    for (const layer of layers) for (const [name, value] of layer.vars) vars.set(name, value);
    return {
      match: entry.match,
      place: entry.place,
      environment: entry.environment?.name,
      crates: this.#sharedCratesOf(layers),
      vars,
      layers,
    };
  }

  /** What the folders above say of the environment, outermost first, so that the nearest comes last and wins. */
  #environmentLayers(folders: readonly string[], { environment }: MatchEntry): HostLayer[] {
    if (!environment) return [];
    const known = folders.flatMap((path) => this.parsed.environments.get(path) ?? []);
    const found = known.filter(({ name }) => name === environment.name);
    if (found.length === 0 && known.length > 0 && !this.parsed.unreadableEnvironments) {
      const names = [...new Set(known.map(({ name }) => name))];
      this.problems.add(
        environment.place,
        `unknown environment ${quote(environment.name)}${
          suggestName(environment.name, names) || `: expected one of ${names.join(", ")}`
        }`,
      );
    }
    return found.map(({ place, vars, configcrates, excluded }) => ({
      kind: "environment",
      place,
      vars,
      roles: [],
      configcrates,
      usercrates: [],
      excluded,
    }));
  }

  /** One list for all entries that name the same: a fleet may have ten thousand of them, and each hundreds of crates. */
  #sharedCratesOf(layers: readonly HostLayer[]): readonly Configcrate[] {
    const names = layers.map(({ roles, configcrates, usercrates, excluded }) =>
      [roles, configcrates, usercrates, excluded].map((list) => list.map(({ name }) => name))
    );
    const key = JSON.stringify(names);
    const crates = this.#crateLists.get(key) ??
      [...this.#cratesOf(layers), ...this.#usercratesOf(layers)];
    this.#crateLists.set(key, crates);
    return crates;
  }

  #cratesOf(layers: readonly HostLayer[]): Configcrate[] {
    const excluded = new Map(
      layers.flatMap((layer) => layer.excluded).map(({ name, place }) => [name, place]),
    );
    const wanted = layers.flatMap((layer) => [
      ...this.#cratesOfRoles(layer.roles),
      ...layer.configcrates,
    ]).filter(({ name }) => !excluded.has(name));
    const names = expandNames(wanted, (name) => this.crates.get(name)?.dependsOn);
    const crates = names.map((name) => this.crates.get(name)).filter((crate) =>
      crate !== undefined
    );
    for (const { name, dependsOn } of crates) {
      for (const needed of dependsOn) {
        const place = excluded.get(needed.name);
        if (!place) continue;
        this.problems.add(
          place,
          `configcrate ${quote(needed.name)} cannot be excluded: ${quote(name)} depends on it (${
            formatPlace(needed.place)
          })`,
        );
      }
    }
    return crates;
  }

  #usercratesOf(layers: readonly HostLayer[]): Configcrate[] {
    const names = new Set(layers.flatMap(({ usercrates }) => usercrates.map(({ name }) => name)));
    return [...names].map((name) => this.usercrates.get(USERCRATE.prefix + name))
      .filter((crate) => crate !== undefined);
  }

  #cratesOfRoles(references: readonly NameReference[]): NameReference[] {
    const names = expandNames(references, (name) => this.roles.get(name)?.includes);
    return names.flatMap((name) => this.roles.get(name)?.configcrates ?? []);
  }

  #checkCrates(references: readonly NameReference[]): void {
    if (this.parsed.unreadableCrates) return;
    for (const { name, place } of references) {
      if (this.crates.has(name)) continue;
      const hint = suggestName(name, this.crates.keys());
      this.problems.add(
        place,
        `unknown configcrate ${quote(name)}${
          hint || ": no file below configcrates/ has this name"
        }`,
      );
    }
  }

  #checkUsercrates(references: readonly NameReference[]): void {
    if (this.parsed.unreadableUsercrates) return;
    for (const { name, place } of references) {
      if (this.usercrates.has(USERCRATE.prefix + name)) continue;
      const known = [...this.usercrates.keys()].map((key) => key.slice(USERCRATE.prefix.length));
      this.problems.add(
        place,
        `unknown usercrate ${quote(name)}${
          suggestName(name, known) || ": no file below usercrates/ has this name"
        }`,
      );
    }
  }

  #checkRoles(references: readonly NameReference[]): void {
    if (this.parsed.unreadableRoles) return;
    for (const { name, place } of references) {
      if (this.roles.has(name)) continue;
      const hint = suggestName(name, this.roles.keys());
      this.problems.add(
        place,
        `unknown role ${quote(name)}${hint || ": roles.vgo does not have it"}`,
      );
    }
  }

  #checkPatterns(): void {
    const seen = new Map<string, MatchEntry>();
    for (const { entry } of this.parsed.matches) {
      const pattern = entry.match.source.toLowerCase();
      const earlier = seen.get(pattern);
      if (!earlier) seen.set(pattern, entry);
      else {
        this.problems.add(
          entry.place,
          `duplicate pattern ${quote(entry.match.source)}: the first match wins, and ${
            formatPlace(earlier.place)
          } has it already`,
        );
      }
    }
  }
}

/** A folder and those above it, outermost first: `""`, `"eu/"`, `"eu/berlin/"`. */
function foldersAbove(folder: string): string[] {
  const folders = [""];
  for (const part of folder.split("/").slice(0, -1)) folders.push(`${folders.at(-1)}${part}/`);
  return folders;
}
