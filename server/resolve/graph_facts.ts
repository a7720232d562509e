import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { DeferredValue } from "../../shared/config/policy_bundle.ts";

/** Parameters of which the graph looks at the whole value. */
const WHOLE_PARAMETERS = [
  "creates",
  "cwd",
  "device",
  "direction",
  "ensure",
  "gid",
  "group",
  "groups",
  "home",
  "ip",
  "key",
  "key_file",
  "marker",
  "name",
  "owner",
  "path",
  "remove",
  "section",
  "shell",
  "source",
  "ssh_key",
  "target",
  "user",
] as const;

/**
 * All that a graph looks at of the parameters of a resource. Resources that differ in nothing of this stand in the same order with
 * the same edges, whatever else is in them: so hosts whose files say different things share a graph.
 */
export type GraphFacts =
  & { readonly [Name in (typeof WHOLE_PARAMETERS)[number]]?: Json }
  & {
    /** The program that a command starts, if that is a path. */
    readonly program?: Json;
    /** The keys of a map called `set`. */
    readonly setKeys?: readonly string[];
    readonly hasContent?: true;
    readonly hasAuthorizedKeys?: true;
  };

/** What a graph sees of one resource. */
export interface GraphNode {
  readonly type: string;
  readonly facts: GraphFacts;
}

/** The parameters of a resource, as far as they are known. */
export interface KnownParameters {
  readonly params: Readonly<Record<string, Json>>;
  readonly deferred: readonly DeferredValue[];
  /** Parameters that cannot be known without a host's traits. */
  readonly unknown: ReadonlySet<string>;
}

/** Parameters that cannot be known without a host's traits are not there, but for those that only have to be there. */
export function graphFactsOf({ params, unknown, deferred }: KnownParameters): GraphFacts {
  const facts: { -readonly [Key in keyof GraphFacts]: GraphFacts[Key] } = {};
  for (const name of WHOLE_PARAMETERS) {
    const value = params[name];
    if (value !== undefined) facts[name] = value;
  }
  const { command, set } = params;
  const program = programOf(command);
  if (program !== undefined) facts.program = program;
  if (typeof set === "object" && set !== null && !Array.isArray(set)) {
    facts.setKeys = Object.keys(set);
  }
  const isThere = (parameter: string) =>
    params[parameter] !== undefined || unknown.has(parameter) ||
    deferred.some(({ at }) => at === `/${parameter}`);
  if (isThere("content")) facts.hasContent = true;
  if (isThere("authorized_keys")) facts.hasAuthorizedKeys = true;
  return facts;
}

function programOf(command: Json | undefined): Json | undefined {
  if (Array.isArray(command)) return command[0];
  return typeof command === "string"
    ? command.match(/^\s*(\/[^\s;&|<>"'`$()*?]+)/)?.[1]
    : undefined;
}
