import type { Json } from "../../shared/canonical/canonical_json.ts";
import {
  ScopeInterruption,
  TemplateError,
  type TemplateScope,
} from "../../shared/templates/template.ts";
import type { Place } from "../stacks/problem_list.ts";
import type { Variables } from "../stacks/stack_tree.ts";
import type { StackTemplate, StackValue } from "../stacks/stack_value.ts";
import { DeferredRead, type PlacedTemplate } from "./deferred_read.ts";
import type { LookRecorder, Looks } from "./look_recorder.ts";
import { lastMissingTrait } from "./trait_reads.ts";

/** A variable that something uses cannot be worked out. `place` is where the variable says so. */
export class VariableError extends ScopeInterruption {
  override readonly name = "VariableError";
  constructor(message: string, readonly place: Place, options?: ErrorOptions) {
    super(message, options);
  }
}

/** What the variables of a scope are worked out from. */
export interface ScopeSources {
  /** Variables of the configcrate. */
  readonly weak: Variables;
  /** Variables of the host, which replace those of the same name. */
  readonly strong: Variables;
  readonly traits: object;
  readonly environment: string | undefined;
  /** What the `foreach` of the configcrate stands at, if it has one. */
  readonly item?: unknown;
  /** Told of each variable of the host whose value is looked at, and of what each variable is worked out from. */
  readonly recorder?: LookRecorder | undefined;
}

/**
 * The names that templates of one configcrate see for one host. Variables may be templates over traits and other variables;
 * each is worked out when something first looks at it.
 *
 * Looking at a variable throws a {@linkcode VariableError} if it is wrong or refers to itself, a {@linkcode DeferredRead} if
 * it is for the machine to work out, and whatever `traits` throws.
 */
export function createScope(
  { weak, strong, traits, environment, item, recorder }: ScopeSources,
): TemplateScope {
  const vars: Record<string, unknown> = Object.create(null);
  const scope = withItem(
    { vars, traits, ...(environment === undefined ? {} : { env: environment }) },
    item,
  );
  const open: string[] = [];
  for (const [name, value] of weak) if (!strong.has(name)) define(name, value, false);
  for (const [name, value] of strong) define(name, value, recorder !== undefined);
  return scope;

  function define(name: string, value: StackValue, isNoted: boolean): void {
    const constant = value.kind !== "template" && value.kind !== "secret"
      ? value.constant
      : undefined;
    if (constant !== undefined && !isNoted) {
      vars[name] = constant;
      return;
    }
    let known: { readonly value: unknown; readonly looks: Looks | undefined } | undefined =
      constant === undefined ? undefined : { value: constant, looks: undefined };
    Object.defineProperty(vars, name, {
      enumerable: true,
      configurable: true,
      get: () => {
        if (isNoted) recorder?.addVariable(name);
        if (!known) return (known = workOut(name, value)).value;
        if (known.looks) recorder?.include(known.looks);
        return known.value;
      },
    });
  }

  function workOut(name: string, value: StackValue) {
    if (!recorder) return { value: resolveVariable(name, value), looks: undefined };
    recorder.begin();
    let resolved: unknown;
    try {
      resolved = resolveVariable(name, value);
    } catch (error) {
      recorder.end();
      throw error;
    }
    return { value: resolved, looks: recorder.end() };
  }

  function resolveVariable(name: string, value: StackValue): unknown {
    if (open.includes(name)) {
      const path = [...open.slice(open.indexOf(name)), name].map((step) => `vars.${step}`);
      throw new VariableError(`variables refer to each other: ${path.join(" → ")}`, value.place);
    }
    open.push(name);
    try {
      return resolveValue(value, scope);
    } finally {
      open.pop();
    }
  }
}

/** The same names and, if it is not undefined, an item, which hides that of an outer `foreach`. */
export function withItem(scope: TemplateScope, item: unknown): TemplateScope {
  // Not quite JSON: a member of it may throw when it is read, which templates pass on.
  return item === undefined ? scope : { ...scope, item: item as Json };
}

/**
 * A value with its templates rendered. A text that is one `{{ … }}` keeps the type of what it names. Members of lists and
 * maps that cannot be known here throw, each when it is read, so that the others can be used.
 *
 * @throws {VariableError} if a template cannot be rendered, {@linkcode DeferredRead} if the value as a whole is for the
 * machine to work out, and whatever the traits of the scope throw.
 */
export function resolveValue(value: StackValue, scope: TemplateScope): unknown {
  switch (value.kind) {
    case "scalar":
      return value.constant;
    case "template":
      return evaluateTemplate(value, scope);
    case "secret":
      throw new DeferredRead(
        `the server would have to know ${JSON.stringify(`secret:${value.path}`)}`,
        value.place,
        { kind: "secret", secret: value },
        true,
      );
    case "list": {
      if (value.constant !== undefined) return value.constant;
      const list: unknown[] = [];
      for (const [index, item] of value.items.entries()) define(list, String(index), item, scope);
      return list;
    }
    case "map": {
      if (value.constant !== undefined) return value.constant;
      const map: object = Object.create(null);
      for (const [key, entry] of value.entries) define(map, key, entry, scope);
      return map;
    }
  }
}

function define(container: object, key: string, value: StackValue, scope: TemplateScope): void {
  const property = { enumerable: true, configurable: true };
  try {
    Object.defineProperty(container, key, { ...property, value: resolveValue(value, scope) });
  } catch (error) {
    if (!(error instanceof ScopeInterruption) || error instanceof VariableError) throw error;
    Object.defineProperty(container, key, {
      ...property,
      get: () => {
        throw error;
      },
    });
  }
}

/** The value of a template, or its text if `asText`. Throws what {@linkcode resolveValue} throws. */
export function evaluateTemplate(
  placed: PlacedTemplate,
  scope: TemplateScope,
  { asText }: { readonly asText: boolean } = { asText: false },
): Json {
  const { template, placeAt } = placed;
  try {
    return asText ? template.render(scope) : template.evaluate(scope);
  } catch (error) {
    const value = { kind: "template" as const, template: placed, scope };
    // What needs something for the machine to work out is for the machine to work out as well.
    if (error instanceof DeferredRead) {
      throw new DeferredRead(error.message, error.place, value, error.isSecret);
    }
    if (!(error instanceof TemplateError)) throw error;
    const place = placeAt(error.offset);
    if (isMissingTrait(error, scope)) throw new DeferredRead(error.message, place, value, false);
    throw new VariableError(error.message, place, { cause: error });
  }
}

/** Whether a name is missing because the server does not know a trait: named directly, or through a name of the template. */
function isMissingTrait({ undefinedName }: TemplateError, { traits }: TemplateScope): boolean {
  if (undefinedName === undefined) return false;
  const path = undefinedName.split(".");
  if (path[0] === "traits") return true;
  if (["vars", "env", "item"].includes(path[0] ?? "")) return false;
  return lastMissingTrait(traits)?.at(-1) === path.at(-1);
}

/** A value as text, for names and references. Throws what {@linkcode resolveValue} throws. */
export function renderText(value: StackValue, scope: TemplateScope): string {
  return value.kind === "template"
    ? String(evaluateTemplate(value, scope, { asText: true }))
    : String(resolveValue(value, scope));
}

/**
 * What a template that is one plain name names, with members that may throw; undefined for any other template. `foreach` goes
 * through lists in which there are secrets without reading them.
 */
export function readPlainName({ template }: StackTemplate, scope: TemplateScope): unknown {
  const path = template.plainName();
  if (!path) return undefined;
  let value: unknown = scope;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}
