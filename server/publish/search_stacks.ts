import { maskedParameters } from "../../shared/config/masked_parameters.ts";
import { formatPlace, type Place } from "../stacks/problem_list.ts";
import type {
  Configcrate,
  NameReference,
  ResourceDeclaration,
  StackTree,
  Variables,
} from "../stacks/stack_tree.ts";
import type { StackValue } from "../stacks/stack_value.ts";
import type { Steps } from "../steps/steps.ts";
import { writtenText } from "./written_text.ts";

/** Longest excerpt of a hit, in characters. */
const MAX_EXCERPT_LENGTH = 160;
/** What stands before a hit in its excerpt, in characters. */
const LEAD_LENGTH = 40;

/** One place where something was found. */
export interface SearchHit {
  readonly kind: string;
  readonly name: string;
  readonly place: string;
  /** In one line. */
  readonly text: string;
}

export interface SearchResult {
  readonly hits: readonly SearchHit[];
  /** Hits past the limit. */
  readonly more: number;
}

/**
 * Finds a text, in any case, in names, variables, parameters, conditions and templates. What may be a password in plain text is
 * passed over: a search must not be a way to guess it.
 */
export function* searchText(tree: StackTree, text: string, limit: number): Steps<SearchResult> {
  const collector = new Collector(limit);
  const wanted = text.toLowerCase();
  for (const { kind, name, place, text: found } of searchable(tree)) {
    yield;
    const at = found.toLowerCase().indexOf(wanted);
    if (at >= 0) collector.add(kind, name, place(at), excerptAt(found, at));
  }
  return collector;
}

/** Finds where a resource is declared and where others refer to it, by the id as it is written. */
export function* searchResource(tree: StackTree, id: string, limit: number): Steps<SearchResult> {
  const collector = new Collector(limit);
  for (const crate of allCrates(tree)) {
    yield;
    for (const declaration of crate.resources) {
      const own = idOf(declaration);
      if (own === id) {
        collector.add("resource", own, declaration.place, `declared in ${crate.name}`);
      }
      for (const [relation, references] of relationsOf(declaration)) {
        for (const reference of references) {
          if (writtenText(reference) !== id) continue;
          collector.add(relation, own, reference.place, `${own} has ${relation} ${id}`);
        }
      }
    }
  }
  return collector;
}

/** Whether a text reads as the id of a resource of a type that there is. */
export function isResourceId(tree: StackTree, text: string): boolean {
  const colon = text.indexOf(":");
  return colon > 0 && Object.hasOwn(tree.catalog.schemas, text.slice(0, colon)) &&
    colon < text.length - 1;
}

class Collector implements SearchResult {
  readonly hits: SearchHit[] = [];
  more = 0;

  constructor(private readonly limit: number) {}

  add(kind: string, name: string, place: Place, text: string): void {
    if (this.hits.length >= this.limit) this.more++;
    else this.hits.push({ kind, name, place: formatPlace(place), text });
  }
}

interface Searchable {
  readonly kind: string;
  readonly name: string;
  place(offset: number): Place;
  readonly text: string;
}

function* searchable(tree: StackTree): Generator<Searchable> {
  const at = (place: Place) => () => place;
  for (const { match, place, environment } of tree.hostcrates) {
    yield { kind: "match", name: match.source, place: at(place), text: match.source };
    if (environment !== undefined) {
      yield { kind: "environment", name: environment, place: at(place), text: environment };
    }
  }
  yield* layerVariables(tree);
  for (const { name, place, configcrates, includes } of tree.roles.values()) {
    yield { kind: "role", name, place: at(place), text: name };
    for (const { name: member, place: there } of [...includes, ...configcrates]) {
      yield { kind: "role", name, place: at(there), text: member };
    }
  }
  for (const crate of allCrates(tree)) yield* searchableInCrate(crate);
  for (const [path, { template, placeAt }] of tree.templates) {
    yield { kind: "template", name: path, place: placeAt, text: template.text };
  }
}

/** Layers above many entries are those of many entries: each variable is looked at once. */
function* layerVariables({ hostcrates }: StackTree): Generator<Searchable> {
  const seen = new Set<Variables>();
  for (const { layers } of hostcrates) {
    for (const { vars, place, kind } of layers) {
      if (seen.has(vars)) continue;
      seen.add(vars);
      yield* searchableVariables(vars, kind === "common" ? place.file : kind);
    }
  }
}

function* searchableVariables(vars: Variables, where: string): Generator<Searchable> {
  for (const [name, value] of vars) {
    const text = `${name}: ${writtenText(value)}`;
    yield { kind: "variable", name: `${name} (${where})`, place: () => value.place, text };
  }
}

function* searchableInCrate(crate: Configcrate): Generator<Searchable> {
  const at = ({ place }: NameReference) => () => place;
  yield { kind: "configcrate", name: crate.name, place: at(crate), text: crate.name };
  for (const needed of crate.dependsOn) {
    yield { kind: "depends_on", name: crate.name, place: at(needed), text: needed.name };
  }
  yield* searchableVariables(crate.vars, crate.name);
  for (const [type, defaults] of crate.defaults) {
    yield* searchableParameters(`defaults of ${type} in ${crate.name}`, type, defaults);
  }
  for (const declaration of crate.resources) {
    const id = idOf(declaration);
    yield { kind: "resource", name: id, place: () => declaration.place, text: id };
    yield* searchableParameters(id, declaration.type, declaration.params);
    const text = declaration.when?.condition.text;
    if (text !== undefined) {
      yield { kind: "when", name: id, place: () => declaration.place, text };
    }
  }
}

function* searchableParameters(
  name: string,
  type: string,
  params: ReadonlyMap<string, StackValue>,
): Generator<Searchable> {
  for (const [key, value] of params) {
    if (maskedParameters(type).includes(key) && value.kind !== "secret") continue;
    const text = `${key}: ${writtenText(value)}`;
    const lead = key.length + 2;
    yield {
      kind: "parameter",
      name,
      place: (offset) =>
        value.kind === "template" && offset >= lead ? value.placeAt(offset - lead) : value.place,
      text,
    };
  }
}

function allCrates({ crates, usercrates }: StackTree): Configcrate[] {
  return [...crates.values(), ...usercrates.values()];
}

function idOf({ type, name }: ResourceDeclaration): string {
  return `${type}:${writtenText(name)}`;
}

function relationsOf(
  { dependsOn, before, notify, subscribes }: ResourceDeclaration,
): [relation: string, references: readonly StackValue[]][] {
  return [["depends_on", dependsOn], ["before", before], ["notify", notify], [
    "subscribes",
    subscribes,
  ]];
}

/** The line around a hit. */
function excerptAt(text: string, at: number): string {
  const lineStart = text.lastIndexOf("\n", at) + 1;
  const lineEnd = text.indexOf("\n", at);
  const line = text.slice(lineStart, lineEnd < 0 ? undefined : lineEnd).trim();
  if (line.length <= MAX_EXCERPT_LENGTH) return line;
  const start = Math.max(0, at - lineStart - LEAD_LENGTH);
  const shown = line.slice(start, start + MAX_EXCERPT_LENGTH);
  return `${start > 0 ? "…" : ""}${shown}…`;
}
