import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { DeferredValue } from "../../shared/config/policy_bundle.ts";
import { formatJsonPointer, type JsonPath, replaceAt } from "../../shared/templates/json_place.ts";
import type { TemplateScope } from "../../shared/templates/template.ts";
import { compareText, type Place } from "../stacks/problem_list.ts";
import { DeferredRead, type MachineValue, type PlacedTemplate } from "./deferred_read.ts";
import { VariableError } from "./variable_scope.ts";

/** Most secrets, and most templates, that one template may need; bundles have the same limits. */
const MAX_NEEDED = 100;

/** Deepest place in a scope that travels; below it is null. Bundles as a whole may be a little deeper. */
const MAX_SCOPE_DEPTH = 40;

type BundleTemplate = Extract<DeferredValue["value"], { kind: "template" }>;

/**
 * What travels of a template that the machine renders: its text, and of the scope what it names, with the places of the
 * secrets and of further templates in it. Of a map only the members that are named go along, so that an envoy may ask for no
 * secret that its policy does not use.
 *
 * @throws {VariableError} if a variable that it names is wrong or cannot travel.
 */
export function deferTemplate(
  placed: PlacedTemplate,
  scope: TemplateScope,
  { isText }: { readonly isText: boolean },
): BundleTemplate {
  const { template } = placed;
  const { secrets, templates, scope: named } = collectScope(template.names(), scope);
  if (secrets.size > MAX_NEEDED || templates.size > MAX_NEEDED) {
    throw new VariableError(
      `template needs more than ${MAX_NEEDED} secrets or variables that the machine works out`,
      placed.placeAt(0),
    );
  }
  return {
    kind: "template",
    text: template.text,
    scope: named,
    secrets: [...secrets].map(([at, path]) => ({ at, path })),
    ...(templates.size > 0
      ? { templates: [...templates].map(([at, text]) => ({ at, text })) }
      : {}),
    ...(isText ? { isText } : {}),
  };
}

/** The part of a scope that some names need. */
export interface NamedScope {
  readonly scope: BundleTemplate["scope"];
  /** Paths of secrets, by their places in the scope. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Texts of templates that the machine renders, by their places, each after those that it names. */
  readonly templates: ReadonlyMap<string, string>;
}

/** Copies what `names` name, without the traits. Throws what {@linkcode deferTemplate} throws. */
export function collectScope(
  names: readonly { readonly path: JsonPath }[],
  scope: TemplateScope,
): NamedScope {
  const collector = new ScopeCollector(scope);
  collector.addNames(names);
  return collector;
}

class ScopeCollector implements NamedScope {
  readonly secrets = new Map<string, string>();
  readonly templates = new Map<string, string>();
  readonly #open = new Set<string>();
  #scope: Json = { vars: {} };

  constructor(private readonly source: TemplateScope) {}

  get scope(): BundleTemplate["scope"] {
    // Built as such: only members of the source that have its names are set.
    return sortKeys(this.#scope) as BundleTemplate["scope"];
  }

  addNames(names: readonly { readonly path: JsonPath }[]): void {
    for (const { path } of names) {
      const [root = ""] = path;
      if (root !== "traits" && Object.hasOwn(this.source, root)) this.#addName(path);
    }
  }

  /** Follows a name as far as it goes. A list goes along as a whole, so that the places in it stay. */
  #addName(path: JsonPath): void {
    let container: object = this.source;
    for (const [depth, key] of path.entries()) {
      if (!Object.hasOwn(container, key)) {
        // It may be a word of the language about the whole, like "size".
        if (depth > 1) this.#copy(container, path.slice(0, depth));
        return;
      }
      const at = path.slice(0, depth + 1);
      const isLast = depth === path.length - 1;
      const member = this.#read(container, key, at);
      if (!member) return;
      const { value } = member;
      if (isLast || typeof value !== "object" || value === null || Array.isArray(value)) {
        this.#copy(value, at);
        return;
      }
      if (!this.#has(at)) this.#set(at, {});
      container = value;
    }
  }

  /** A member, or undefined if the machine works it out, which is noted. */
  #read(container: object, key: string, at: JsonPath): { readonly value: unknown } | undefined {
    try {
      return { value: Reflect.get(container, key) };
    } catch (error) {
      if (!(error instanceof DeferredRead)) throw error;
      this.#defer(error.value, at, error.place);
      return undefined;
    }
  }

  #defer(value: MachineValue, at: JsonPath, place: Place): void {
    const pointer = formatJsonPointer(at);
    this.#set(at, null);
    if (value.kind === "secret") this.secrets.set(pointer, value.secret.path);
    else if (!this.templates.has(pointer) && !this.#open.has(pointer)) {
      const { template, scope } = value;
      const namesItem = template.template.names().some(({ path }) => path[0] === "item");
      if (namesItem && scope.item !== this.source.item) {
        throw new VariableError(
          'a variable over the "item" of a configcrate cannot be worked out on the machine for another "item": use it without a foreach of the resource',
          place,
        );
      }
      this.#open.add(pointer);
      this.addNames(template.template.names());
      this.templates.set(pointer, template.template.text);
    }
  }

  #copy(value: unknown, at: JsonPath): void {
    if (typeof value !== "object" || value === null) {
      // What scopes hold is JSON but for members that throw; texts of traits may be cut in half.
      const json = value === undefined ? null : value as Json;
      this.#set(at, typeof json === "string" ? json.toWellFormed() : json);
      return;
    }
    if (at.length > MAX_SCOPE_DEPTH) {
      this.#set(at, null);
      return;
    }
    if (!this.#has(at) || Array.isArray(value)) this.#set(at, Array.isArray(value) ? [] : {});
    for (const key of Object.keys(value)) {
      const below = [...at, key];
      const member = this.#read(value, key, below);
      if (member) this.#copy(member.value, below);
    }
  }

  #has(at: JsonPath): boolean {
    let value: unknown = this.#scope;
    for (const key of at) {
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return false;
      value = Reflect.get(value, key);
    }
    return typeof value === "object" && value !== null;
  }

  #set(at: JsonPath, value: Json): void {
    this.#scope = replaceAt(this.#scope, at, value);
  }
}

/** Maps with their members in the order in which they travel. */
function sortKeys(value: Json): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sortKeys);
  const entries = Object.entries(value).sort(([a], [b]) => compareText(a, b));
  return Object.fromEntries(
    entries.map(([key, member]) => [key.toWellFormed(), sortKeys(member ?? null)]),
  );
}
