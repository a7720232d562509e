import type { Condition } from "../../shared/conditions/condition.ts";
import type { HostnameGlob } from "../../shared/targeting/hostname_glob.ts";
import type { Place } from "./problem_list.ts";
import type { ResourceCatalog } from "./resource_catalog.ts";
import type { StackValue } from "./stack_value.ts";
import type { Template } from "../../shared/templates/template.ts";
import type { ShellTemplate } from "../../shared/tasks/shell_template.ts";
import type { TaskParameter } from "../../shared/tasks/task_parameter.ts";

/** A loaded tree of stacks: parsed, its names resolved, its templates ready. Plain data; compiling changes nothing in it. */
export interface StackTree {
  readonly catalog: ResourceCatalog;
  readonly crates: ReadonlyMap<string, Configcrate>;
  readonly usercrates: ReadonlyMap<string, Configcrate>;
  readonly roles: ReadonlyMap<string, Role>;
  /** In the order in which they are tried. */
  readonly hostcrates: readonly Hostcrate[];
  /** By path below `stacks/`, as in `templates/motd`. */
  readonly templates: ReadonlyMap<string, FileTemplate>;
  readonly tasks: ReadonlyMap<string, NamedTask>;
}

/** A command with a name and parameters, and how it is run where a request does not say otherwise. */
export interface NamedTask {
  readonly name: string;
  readonly place: Place;
  readonly description: string;
  /** In the order in which they are written. */
  readonly params: readonly TaskParameter[];
  readonly command: ShellTemplate;
  readonly timeoutSecs: number | undefined;
  readonly nice: number | undefined;
  /** As shared/tasks/task_amount.ts reads them. */
  readonly batchSize: string | undefined;
  readonly maxFailures: string | undefined;
  readonly healthCheckUrl: string | undefined;
}

/** A named list of resources: a configcrate, or a usercrate, which holds users only. */
export interface Configcrate {
  /** Of a usercrate with `usercrates/` in front, so that no configcrate has the same. */
  readonly name: string;
  readonly place: Place;
  /** Weakest values of variables. */
  readonly vars: Variables;
  /** Parameters for all resources of a type that do not say otherwise. */
  readonly defaults: ReadonlyMap<string, ReadonlyMap<string, StackValue>>;
  readonly dependsOn: readonly NameReference[];
  readonly when: WrittenCondition | undefined;
  /** The crate comes once for each member of this. */
  readonly foreach: StackValue | undefined;
  readonly resources: readonly ResourceDeclaration[];
}

export type Variables = ReadonlyMap<string, StackValue>;

/** A name as written somewhere, to be found elsewhere. */
export interface NameReference {
  readonly name: string;
  readonly place: Place;
}

/** A resource as a configcrate declares it. */
export interface ResourceDeclaration {
  readonly type: string;
  readonly crate: string;
  readonly place: Place;
  /** What follows the type: a constant text or a template. */
  readonly name: StackValue;
  /** Where each parameter's key stands. */
  readonly keyPlaces: ReadonlyMap<string, Place>;
  readonly params: ReadonlyMap<string, StackValue>;
  /** Parameters whose values cannot be read, which has been reported; empty in a tree without problems. */
  readonly unreadable: ReadonlySet<string>;
  readonly dependsOn: readonly StackValue[];
  readonly before: readonly StackValue[];
  readonly notify: readonly StackValue[];
  readonly subscribes: readonly StackValue[];
  readonly when: WrittenCondition | undefined;
  /** The resource comes once for each member of this. */
  readonly foreach: StackValue | undefined;
}

/** What the hosts of one `match:` entry get. */
export interface Hostcrate {
  readonly match: HostnameGlob;
  readonly place: Place;
  readonly environment: string | undefined;
  /**
   * Each once, in order: what a crate depends on stands before it; usercrates come last. Entries that give the same crates
   * share the list.
   */
  readonly crates: readonly Configcrate[];
  /** Those of the environment over those of the entry, over what it inherits; a configcrate's own are weaker than all. */
  readonly vars: Variables;
  /** Where crates and variables come from, weakest first. */
  readonly layers: readonly HostLayer[];
}

/** One of the places that give a host crates and variables. */
export interface HostLayer extends Assignment {
  readonly kind: "common" | "match" | "environment";
  readonly place: Place;
  /** Crates that an environment takes away from all layers. */
  readonly excluded: readonly NameReference[];
}

/** A file below `templates/`. */
export interface FileTemplate {
  readonly template: Template;
  placeAt(offset: number): Place;
}

/** A `when:` as written. */
export interface WrittenCondition {
  readonly condition: Condition;
  readonly place: Place;
  /** Where the character at `offset` of the condition stands. */
  placeAt(offset: number): Place;
}

/** What a `match:` entry and a `common.vgo` both say. */
export interface Assignment {
  readonly place: Place;
  readonly vars: Variables;
  readonly roles: readonly NameReference[];
  readonly configcrates: readonly NameReference[];
  readonly usercrates: readonly NameReference[];
}

/** A named list of configcrates, with those of the roles it includes. */
export interface Role {
  readonly name: string;
  readonly place: Place;
  readonly includes: readonly NameReference[];
  readonly configcrates: readonly NameReference[];
}
