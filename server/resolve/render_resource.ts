import type { Json } from "../../shared/canonical/canonical_json.ts";
import { checkGuardrails } from "../../shared/config/guardrails.ts";
import { suggestName } from "../../shared/naming/nearest_name.ts";
import { type ProblemList, quote } from "../stacks/problem_list.ts";
import type { ResourceDeclaration } from "../stacks/stack_tree.ts";
import type { StackValue } from "../stacks/stack_value.ts";
import type { RenderContext, RenderedParameters } from "./render_context.ts";
import type { Reference, RenderedResource } from "./rendered_resource.ts";
import { TraitsUnknown } from "./trait_reads.ts";
import { validateParameters } from "./validate_parameters.ts";
import { locate, renderText, renderValue, VariableError } from "./variable_scope.ts";

/** Longest name, in characters; an id is a type, a colon and a name. */
const MAX_NAME_LENGTH = 1000;

/** A value that was rendered, that needs traits which are not known, or that was wrong and has been reported. */
type Rendered<Value> =
  | { readonly state: "known"; readonly value: Value }
  | { readonly state: "unknown" }
  | { readonly state: "wrong" };

/**
 * Renders one resource for one host and validates it. Everything wrong goes to the problems of the context; the answer is
 * undefined if what is left cannot stand in a graph.
 */
export function renderResource(
  declaration: ResourceDeclaration,
  context: RenderContext,
): RenderedResource | undefined {
  const { type } = declaration;
  const name = renderName(declaration, context);
  if (name === undefined) return undefined;
  const id = `${type}:${name.text}`;
  const params = renderParameters(declaration, name, context);
  const references = renderAllReferences(declaration, context);
  const validated = params && validateParameters({ id, declaration, ...params }, context);
  if (!validated) return undefined;
  const isKnown = (parameter: string) => !params.unknown.has(parameter);
  if (["name", "path", "ensure", "state"].every(isKnown)) {
    const verdict = checkGuardrails({ ...declaration, name: name.text, params: validated });
    if (!verdict.ok) context.problems.add(declaration.place, verdict.reason);
  }
  return {
    id,
    type,
    name: name.text,
    crate: declaration.crate,
    place: declaration.place,
    params: validated,
    unknown: params.unknown,
    whenChanged: resolveWhen(id, declaration, validated, context.problems),
    ...references,
  };
}

/** Restarting is an act: it must wait for a change, and one that subscribes waits for that of what it subscribes to. */
function resolveWhen(
  id: string,
  { type, whenChanged, subscribes, params: written, place }: ResourceDeclaration,
  { state }: Readonly<Record<string, Json>>,
  problems: ProblemList,
): boolean {
  const isAct = type === "service" && (state === "restarted" || state === "reloaded");
  if (!isAct || whenChanged) return whenChanged;
  if (subscribes.length > 0) return true;
  problems.add(
    written.get("state")?.place ?? place,
    `${id} would be ${state} on every run: add "when: changed" or "subscribes"`,
  );
  return false;
}

function renderName(
  { name, type }: ResourceDeclaration,
  { scope, problems }: RenderContext,
): { readonly text: string; readonly isUnknown: boolean } | undefined {
  const rendered = attempt(() => renderText(name, scope), problems);
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
): RenderedParameters | undefined {
  const { tree, defaults, problems } = context;
  const values = new Map([...defaults, ...declaration.params]);
  const params: Record<string, Json> = {};
  const texts: Record<string, Json> = {};
  const unknown = new Set(declaration.unreadable);
  let isWrong = false;
  for (const [key, value] of values) {
    const rendered = key === "source" && declaration.type === "file"
      ? renderSource(value, context)
      : attempt(() => ({ key, json: renderValue(value, context.scope) }), problems);
    if (rendered.state === "wrong") isWrong = true;
    else if (rendered.state === "unknown") unknown.add(key);
    else {
      const { key: target, json } = rendered.value;
      if (target !== key && values.has(target)) {
        problems.add(
          value.place,
          `"${key}" cannot be combined with "${target}": keep one of the two`,
        );
        isWrong = true;
        continue;
      }
      params[target] = json;
      if (value.kind === "template" && (typeof json === "number" || typeof json === "boolean")) {
        texts[key] = String(json);
      }
    }
  }
  const naturalKey = tree.catalog.naturalKeys[declaration.type];
  if (naturalKey !== undefined && !values.has(naturalKey) && !unknown.has(naturalKey)) {
    if (name.isUnknown) unknown.add(naturalKey);
    else params[naturalKey] = name.text;
  }
  if (isWrong) return undefined;
  return {
    params,
    asText: Object.keys(texts).length > 0 ? { ...params, ...texts } : undefined,
    unknown,
    defaulted: new Set([...defaults.keys()].filter((key) => !declaration.params.has(key))),
    placeOf: (parameter) =>
      values.get(parameter) ?? (parameter === naturalKey ? declaration.name : undefined),
  };
}

/** `source: templates/x` becomes `content`: what travels is the rendered text. Other sources are the agent's business. */
function renderSource(
  value: StackValue,
  { tree, scope, problems }: RenderContext,
): Rendered<{ readonly key: string; readonly json: Json }> {
  const source = attempt(() => renderValue(value, scope), problems);
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
  return attempt(() => ({
    key: "content",
    json: locate(template, () => template.template.render(scope)),
  }), problems);
}

function renderAllReferences(
  { dependsOn, before, notify, subscribes }: ResourceDeclaration,
  { scope, problems }: RenderContext,
): Pick<RenderedResource, "dependsOn" | "before" | "notify" | "subscribes"> {
  const render = (values: readonly StackValue[]): Reference[] =>
    values.flatMap((value) => {
      const rendered = attempt(() => renderText(value, scope), problems);
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

function attempt<Value>(render: () => Value, problems: ProblemList): Rendered<Value> {
  try {
    return { state: "known", value: render() };
  } catch (error) {
    if (error instanceof TraitsUnknown) return { state: "unknown" };
    if (!(error instanceof VariableError)) throw error;
    problems.add(error.place, error.message);
    return { state: "wrong" };
  }
}
