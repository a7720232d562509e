import { expandNames, reportNameCycles } from "./name_graph.ts";
import { suggestName } from "../../shared/naming/nearest_name.ts";
import { formatPlace, type ProblemList, quote } from "./problem_list.ts";
import type { Assignment, MatchEntry } from "./read_hostcrates.ts";
import type { Role } from "./read_roles.ts";
import type { ResourceCatalog } from "./resource_catalog.ts";
import type {
  Configcrate,
  FileTemplate,
  Hostcrate,
  NameReference,
  StackTree,
} from "./stack_tree.ts";
import type { StackValue } from "./stack_value.ts";

/** The parts of a tree, not yet resolved against each other. */
export interface ParsedStacks {
  readonly crates: Configcrate[];
  readonly roles: Role[];
  /** By folder: `""` is the top, `"europe/"` one below. */
  readonly commons: Map<string, Assignment>;
  /** In file order, with the folder each stands in. */
  readonly matches: { readonly folder: string; readonly entry: MatchEntry }[];
  /** Undefined for a template that could not be parsed. */
  readonly templates: Map<string, FileTemplate | undefined>;
  /** Set if some name may be missing because its file could not be read: then a missing name is no news. */
  unreadableCrates: boolean;
  unreadableRoles: boolean;
}

/** Resolves the names of roles and configcrates and what folders inherit. Mistakes go to `problems`. */
export function linkStacks(
  parsed: ParsedStacks,
  catalog: ResourceCatalog,
  problems: ProblemList,
): StackTree {
  const crates = indexCrates(parsed.crates, problems);
  const roles = new Map(parsed.roles.map((role) => [role.name, role]));
  const linker = new Linker(parsed, crates, roles, problems);
  linker.checkReferences();
  return {
    catalog,
    crates,
    hostcrates: parsed.matches.map(({ folder, entry }) => linker.linkHostcrate(folder, entry)),
    templates: new Map(
      [...parsed.templates].flatMap(([path, template]) => template ? [[path, template]] : []),
    ),
  };
}

function indexCrates(
  crates: readonly Configcrate[],
  problems: ProblemList,
): Map<string, Configcrate> {
  const index = new Map<string, Configcrate>();
  for (const crate of crates) {
    const earlier = index.get(crate.name);
    if (!earlier) index.set(crate.name, crate);
    else {
      problems.add(
        crate.place,
        `duplicate configcrate ${quote(crate.name)}: ${formatPlace(earlier.place)} has that name`,
      );
    }
  }
  return index;
}

class Linker {
  constructor(
    private readonly parsed: ParsedStacks,
    private readonly crates: ReadonlyMap<string, Configcrate>,
    private readonly roles: ReadonlyMap<string, Role>,
    private readonly problems: ProblemList,
  ) {}

  checkReferences(): void {
    const { parsed, crates, roles, problems } = this;
    const assignments = [...parsed.commons.values(), ...parsed.matches.map(({ entry }) => entry)];
    for (const assignment of assignments) {
      this.#checkCrates(assignment.configcrates);
      this.#checkRoles(assignment.roles);
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
    const assignments = [...this.#inherited(folder), entry];
    const wanted = assignments.flatMap((assignment) => [
      ...this.#cratesOfRoles(assignment.roles),
      ...assignment.configcrates,
    ]);
    const names = expandNames(wanted, (name) => this.crates.get(name)?.dependsOn);
    const vars = new Map<string, StackValue>();
    for (const assignment of assignments) {
      for (const [name, value] of assignment.vars) vars.set(name, value);
    }
    return {
      match: entry.match,
      place: entry.place,
      environment: entry.environment,
      crates: names.map((name) => this.crates.get(name)).filter((crate) => crate !== undefined),
      vars,
    };
  }

  /** What the folders above say, outermost first, so that the nearest comes last and wins. */
  #inherited(folder: string): Assignment[] {
    const folders = [""];
    for (const part of folder.split("/").slice(0, -1)) folders.push(`${folders.at(-1)}${part}/`);
    return folders.map((path) => this.parsed.commons.get(path))
      .filter((common) => common !== undefined);
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
