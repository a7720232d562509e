import { type HostnameGlob, parseHostnameGlob } from "../../shared/targeting/hostname_glob.ts";
import { type Place, quote } from "./problem_list.ts";
import { readVariables, type StackReaders } from "./read_variables.ts";
import type { Assignment, NameReference } from "./stack_tree.ts";
import { describeNode, type VgoEntry, type VgoNode } from "./vgo_node.ts";

/** A `match:` entry as written. */
export interface MatchEntry extends Assignment {
  readonly match: HostnameGlob;
  readonly environment: NameReference | undefined;
}

const ENTRY_RULES = {
  what: "match entry",
  known: ["match", "environment", "roles", "configcrates", "usercrates", "vars"],
};
const COMMON_RULES = {
  what: "common.vgo",
  known: ["vars", "roles", "configcrates", "usercrates"],
};

/** Reads `envoys.vgo` or a leaf file: one entry with `match:`, or a list of them under `envoys:`. */
export function readMatchEntries(node: VgoNode, readers: StackReaders): MatchEntry[] {
  const { nodes, problems } = readers;
  if (node.kind === "list") {
    problems.add(node.place, 'list at the top of a file: write "envoys:" above it');
    return [];
  }
  const map = nodes.anyMap(node, "a file of match entries");
  if (!map) return [];
  const list = map.entries.find(({ key }) => key === "envoys");
  if (!list) return [readMatchEntry(node, readers)].filter((entry) => entry !== undefined);
  nodes.map(node, { what: "a file of match entries", known: ["envoys"] });
  if (list.value.kind === "unreadable") return [];
  if (list.value.kind !== "list") {
    problems.add(
      list.value.place,
      `expected a list for "envoys", found ${describeNode(list.value)}`,
    );
    return [];
  }
  return list.value.items.map((item) => readMatchEntry(item, readers))
    .filter((entry) => entry !== undefined);
}

/** Reads `common.vgo`. */
export function readCommon(node: VgoNode, readers: StackReaders): Assignment | undefined {
  const entries = readers.nodes.map(node, COMMON_RULES);
  return entries && readAssignment(node.place, entries, readers);
}

function readMatchEntry(node: VgoNode, readers: StackReaders): MatchEntry | undefined {
  const { nodes, problems } = readers;
  const entries = nodes.map(node, ENTRY_RULES);
  if (!entries) return undefined;
  const matchEntry = entries.get("match");
  if (!matchEntry) {
    problems.add(node.place, 'entry without a pattern: add "match:", as in match: "web-*"');
  }
  const match = matchEntry && readGlob(matchEntry.value, readers);
  const environmentEntry = entries.get("environment");
  const environment = environmentEntry &&
    nodes.name(environmentEntry.value, "the name of an environment");
  const assignment = readAssignment(match?.place ?? node.place, entries, readers);
  return match && { ...assignment, match, environment };
}

function readGlob(
  node: VgoNode,
  { nodes, problems }: StackReaders,
): (HostnameGlob & { readonly place: Place }) | undefined {
  const source = nodes.text(node, '"match"');
  if (source === undefined) return undefined;
  try {
    const glob = parseHostnameGlob(source);
    return { source, place: node.place, matches: (hostname) => glob.matches(hostname) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    problems.add(node.place, `cannot use ${quote(source)} for "match": ${error.message}`);
    return undefined;
  }
}

function readAssignment(
  place: Place,
  entries: ReadonlyMap<string, VgoEntry>,
  readers: StackReaders,
): Assignment {
  return {
    place,
    vars: readVariables(entries.get("vars"), readers),
    roles: readers.nodes.names(entries.get("roles"), "the name of a role"),
    configcrates: readers.nodes.names(
      entries.get("configcrates"),
      "the name of a configcrate",
    ),
    usercrates: readers.nodes.names(entries.get("usercrates"), "the name of a usercrate"),
  };
}
