import type { HostnameGlob } from "../../shared/targeting/hostname_glob.ts";
import type { Place } from "./problem_list.ts";
import type { ResourceCatalog } from "./resource_catalog.ts";
import type { StackValue } from "./stack_value.ts";
import type { Template } from "../../shared/templates/template.ts";

/** A loaded tree of stacks: parsed, its names resolved, its templates ready. Plain data; compiling changes nothing in it. */
export interface StackTree {
  readonly catalog: ResourceCatalog;
  readonly crates: ReadonlyMap<string, Configcrate>;
  /** In the order in which they are tried. */
  readonly hostcrates: readonly Hostcrate[];
  /** By path below `stacks/`, as in `templates/motd`. */
  readonly templates: ReadonlyMap<string, FileTemplate>;
}

/** A named list of resources. */
export interface Configcrate {
  readonly name: string;
  readonly place: Place;
  /** Weakest values of variables. */
  readonly vars: Variables;
  /** Parameters for all resources of a type that do not say otherwise. */
  readonly defaults: ReadonlyMap<string, ReadonlyMap<string, StackValue>>;
  readonly dependsOn: readonly NameReference[];
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
  /** `when: changed`. */
  readonly whenChanged: boolean;
}

/** What the hosts of one `match:` entry get. */
export interface Hostcrate {
  readonly match: HostnameGlob;
  readonly place: Place;
  readonly environment: string | undefined;
  /** Each once, in order: what a crate depends on stands before it. */
  readonly crates: readonly Configcrate[];
  /** Those of the entry over those it inherits; a configcrate's own are weaker than both. */
  readonly vars: Variables;
}

/** A file below `templates/`. */
export interface FileTemplate {
  readonly template: Template;
  placeAt(offset: number): Place;
}
