import type { Json } from "../../shared/canonical/canonical_json.ts";
import { checkGuardrails } from "../../shared/config/guardrails.ts";
import type { BundleResource, DeferredValue } from "../../shared/config/policy_bundle.ts";
import { suggestName } from "../../shared/naming/nearest_name.ts";
import type { JsonPath } from "../../shared/templates/json_place.ts";
import { type Place, ProblemList, quote } from "../stacks/problem_list.ts";
import type { ResourceDeclaration } from "../stacks/stack_tree.ts";
import type { StackValue } from "../stacks/stack_value.ts";
import { DeferredRead } from "./deferred_read.ts";
import { graphFactsOf } from "./graph_facts.ts";
import type { RenderContext, RenderedParameters } from "./render_context.ts";
import { renderTemplate, renderValue } from "./render_value.ts";
import type { Reference, RenderedResource } from "./rendered_resource.ts";
import {
  changedCondition,
  conjoin,
  namesChanged,
  type OpenCondition,
} from "./resolve_condition.ts";
import { TraitsUnknown } from "./trait_reads.ts";
import { validateParameters } from "./validate_parameters.ts";
import { renderText, resolveValue, VariableError } from "./variable_scope.ts";

/** Longest name, in characters; an id is a type, a colon and a name. */
const MAX_NAME_LENGTH = 1000;
/** Most parameters of one resource that the machine fills in; bundles have the same limit. */
const MAX_DEFERRED = 1000;
/** What the server has to know of every resource: by these the graph, the guardrails and the agent tell resources apart. */
const KNOWN_PARAMETERS: readonly string[] = ["name", "path", "ensure", "state"];

/** A value that was rendered, that needs traits which are not known, or that was wrong and has been reported. */
type Rendered<Value> =
  | { readonly state: "known"; readonly value: Value }
  | { readonly state: "unknown" }
  | { readonly state: "wrong" };

/**
 * Renders one resource for one host and validates it. Everything wrong goes to the problems of the context; what has a name is
 * answered all the same, so that mistakes of the graph are found too.
 */
export function renderResource(
  declaration: ResourceDeclaration,
  conditions: readonly OpenCondition[],
  context: RenderContext,
): RenderedResource | undefined {
  const { type } = declaration;
  // Whatever is wrong in one place, the others are looked at as well.
  const found = renderName(declaration, context);
  const name = found ?? { text: type, isUnknown: true };
  const id = found ? `${type}:${name.text}` : type;
  const params = renderParameters(declaration, name, context);
  const references = renderAllReferences(declaration, context);
  const validated = validateParameters({ id, declaration, ...params }, context);
  if (!found) return undefined;
  const isKnown = (parameter: string) => !params.unknown.has(parameter);
  if (validated && ["name", "path", "ensure", "state"].every(isKnown)) {
    const verdict = checkGuardrails({ ...declaration, name: name.text, params: validated });
    if (!verdict.ok) context.problems.add(declaration.place, verdict.reason);
  }
  const { deferred, unknown } = params;
  return {
    id,
    type,
    name: name.text,
    isNameUnknown: name.isUnknown,
    crate: declaration.crate,
    place: declaration.place,
    params: validated ?? params.params,
    deferred,
    unknown,
    facts: graphFactsOf({ params: validated ?? params.params, deferred, unknown }),
    when: resolveWhen(id, declaration, conditions, params.params, context.problems),
    ...references,
  };
}

/** Restarting is an act: it must wait for a change, and one that subscribes waits for that of what it subscribes to. */
function resolveWhen(
  id: string,
  { type, subscribes, params: written, place }: ResourceDeclaration,
  conditions: readonly OpenCondition[],
  { state }: Readonly<Record<string, Json>>,
  problems: ProblemList,
): BundleResource["when"] {
  const isAct = type === "service" && (state === "restarted" || state === "reloaded");
  if (!isAct || conditions.some(namesChanged)) return conjoin(conditions, problems);
  if (subscribes.length > 0) return conjoin([...conditions, changedCondition(place)], problems);
  problems.add(
    written.get("state")?.place ?? place,
    `${id} would be ${state} on every run: add "when: changed" or "subscribes"`,
  );
  return undefined;
}

/** The id of a resource that a host does not get; undefined if it cannot be worked out, which is no mistake then. */
export function idOfSkipped(
  { type, name }: ResourceDeclaration,
  { scope }: Pick<RenderContext, "scope">,
): string | undefined {
  const silent = new ProblemList();
  const rendered = attempt(name.place, silent, () => renderText(name, scope));
  return rendered.state === "known" ? `${type}:${rendered.value}` : undefined;
}

function renderName(
  { name, type }: ResourceDeclaration,
  { scope, problems }: RenderContext,
): { readonly text: string; readonly isUnknown: boolean } | undefined {
  const rendered = attempt(name.place, problems, () => renderText(name, scope));
  if (rendered.state === "wrong") return undefined;
  if (rendered.state === "unknown") {
    // Without a host the text of the template stands for whatever it will be.
    return { text: name.kind === "template" ? name.template.text : "", isUnknown: true };
  }
  const { value } = rendered;
  if (value === "" || value.length > MAX_NAME_LENGTH || !value.isWellFormed()) {
    problems.add(
      name.place,
      `${
        quote(value)
      } cannot be the name of a ${type}: expected 1 to ${MAX_NAME_LENGTH} characters`,
    );
    return undefined;
  }
  return { text: value, isUnknown: false };
}

function renderParameters(
  declaration: ResourceDeclaration,
  name: { readonly text: string; readonly isUnknown: boolean },
  context: RenderContext,
): RenderedParameters {
  const { tree, defaults, problems, scope } = context;
  const values = new Map([...defaults, ...declaration.params]);
  const naturalKey = tree.catalog.naturalKeys[declaration.type];
  const params: Record<string, Json> = {};
  const fromTemplates: JsonPath[] = [];
  const deferred: DeferredValue[] = [];
  const unknown = new Set(declaration.unreadable);
  for (const [key, value] of values) {
    const notes = { fromTemplates: [] as JsonPath[], deferred: [] as DeferredValue[] };
    const rendered = key === "source" && declaration.type === "file"
      ? renderSource(value, context, notes)
      : mustBeKnown(declaration.type, key, naturalKey)
      ? attempt(value.place, problems, () => ({ key, json: renderKnown(value, context, notes) }))
      : attempt(
        value.place,
        problems,
        () => ({ key, json: renderValue(value, scope, [key], notes) }),
      );
    // What is wrong has been reported, and is as good as unknown.
    if (rendered.state !== "known") unknown.add(key);
    else {
      const { key: target, json } = rendered.value;
      if (target !== key && values.has(target)) {
        problems.add(
          value.place,
          `"${key}" cannot be combined with "${target}": keep one of the two`,
        );
        continue;
      }
      if (json !== undefined) params[target] = json;
      fromTemplates.push(...notes.fromTemplates);
      deferred.push(...notes.deferred);
    }
  }
  if (deferred.length > MAX_DEFERRED) {
    problems.add(
      declaration.place,
      `${deferred.length} values are for the machine to fill in: the limit is ${MAX_DEFERRED}`,
    );
  }
  if (naturalKey !== undefined && !values.has(naturalKey) && !unknown.has(naturalKey)) {
    if (name.isUnknown) unknown.add(naturalKey);
    else params[naturalKey] = name.text;
  }
  return {
    params,
    fromTemplates,
    deferred,
    unknown,
    defaulted: new Set([...defaults.keys()].filter((key) => !declaration.params.has(key))),
    placeOf: (parameter) =>
      values.get(parameter) ?? (parameter === naturalKey ? declaration.name : undefined),
  };
}

/** A command may be worked out on the machine: nothing but the name of its resource tells it apart. */
function mustBeKnown(type: string, key: string, naturalKey: string | undefined): boolean {
  return KNOWN_PARAMETERS.includes(key) || key === naturalKey && type !== "exec";
}

/** A value that the server has to know. Throws what reading it throws. */
function renderKnown(
  value: StackValue,
  { scope }: RenderContext,
  notes: { readonly fromTemplates: JsonPath[]; readonly deferred: DeferredValue[] },
): Json | undefined {
  const rendered = renderValue(value, scope, [], notes);
  // What is for the machine to work out is read once more, which says why it is.
  if (notes.deferred.length > 0) readWhole(resolveValue(value, scope));
  return rendered;
}

function readWhole(value: unknown): void {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(readWhole);
}

/** `source: templates/x` becomes `content`: what travels is the rendered text. Other sources are the agent's business. */
function renderSource(
  value: StackValue,
  context: RenderContext,
  notes: { readonly fromTemplates: JsonPath[]; readonly deferred: DeferredValue[] },
): Rendered<{ readonly key: string; readonly json: Json | undefined }> {
  const { tree, scope, problems } = context;
  const source = attempt(value.place, problems, () => renderKnown(value, context, notes));
  if (source.state !== "known") return source;
  const path = source.value;
  if (typeof path !== "string" || !path.startsWith("templates/")) {
    return { state: "known", value: { key: "source", json: path } };
  }
  const template = tree.templates.get(path);
  if (!template) {
    const hint = suggestName(path, tree.templates.keys());
    problems.add(
      value.place,
      `unknown template ${quote(path)}${hint || ": no such file in stacks"}`,
    );
    return { state: "wrong" };
  }
  return attempt(value.place, problems, () => ({
    key: "content",
    json: renderTemplate(template, scope, ["content"], notes, { asText: true }),
  }));
}

function renderAllReferences(
  { dependsOn, before, notify, subscribes }: ResourceDeclaration,
  { scope, problems }: RenderContext,
): Pick<RenderedResource, "dependsOn" | "before" | "notify" | "subscribes"> {
  const render = (values: readonly StackValue[]): Reference[] =>
    values.flatMap((value) => {
      const rendered = attempt(value.place, problems, () => renderText(value, scope));
      if (rendered.state === "wrong") return [];
      const text = value.kind === "template" ? value.template.text : "";
      return [{ id: rendered.state === "known" ? rendered.value : text, place: value.place }];
    });
  return {
    dependsOn: render(dependsOn),
    before: render(before),
    notify: render(notify),
    subscribes: render(subscribes),
  };
}

/** Renders what stands at `place`, and reports why it cannot be. */
function attempt<Value>(
  place: Place,
  problems: ProblemList,
  render: () => Value,
): Rendered<Value> {
  try {
    return { state: "known", value: render() };
  } catch (error) {
    if (error instanceof TraitsUnknown) return { state: "unknown" };
    if (error instanceof DeferredRead) error.report(problems, place);
    else if (error instanceof VariableError) problems.add(error.place, error.message);
    else throw error;
    return { state: "wrong" };
  }
}
