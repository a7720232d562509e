import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { Place } from "../stacks/problem_list.ts";
import type { Variables } from "../stacks/stack_tree.ts";
import type { StackValue } from "../stacks/stack_value.ts";
import {
  ScopeInterruption,
  TemplateError,
  type TemplateScope,
} from "../../shared/templates/template.ts";

/** A variable that something uses cannot be worked out. `place` is where the variable says so. */
export class VariableError extends ScopeInterruption {
  override readonly name = "VariableError";
  constructor(message: string, readonly place: Place, options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * The names that templates of one configcrate see for one host. Variables may be templates over traits and other variables;
 * each is rendered when something first looks at it.
 *
 * Looking at a variable throws a {@linkcode VariableError} if it is wrong or refers to itself, and whatever `traits` throws.
 */
export function createScope(weak: Variables, strong: Variables, traits: object): TemplateScope {
  const vars: Record<string, Json> = Object.create(null);
  const scope = { vars, traits };
  const open: string[] = [];
  for (const [name, value] of weak) if (!strong.has(name)) define(name, value);
  for (const [name, value] of strong) define(name, value);
  return scope;

  function define(name: string, value: StackValue): void {
    if (value.kind !== "template" && value.constant !== undefined) {
      vars[name] = value.constant;
      return;
    }
    let known: Json | undefined;
    Object.defineProperty(vars, name, {
      enumerable: true,
      configurable: true,
      get: () => known ??= evaluateVariable(name, value),
    });
  }

  function evaluateVariable(name: string, value: StackValue): Json {
    if (open.includes(name)) {
      const path = [...open.slice(open.indexOf(name)), name].map((step) => `vars.${step}`);
      throw new VariableError(`variables refer to each other: ${path.join(" → ")}`, value.place);
    }
    open.push(name);
    try {
      return renderValue(value, scope);
    } finally {
      open.pop();
    }
  }
}

/**
 * A value with its templates rendered. A text that is one `{{ … }}` keeps the type of what it names.
 *
 * @throws {VariableError} if a template cannot be rendered, and whatever the traits of the scope throw.
 */
export function renderValue(value: StackValue, scope: TemplateScope): Json {
  if (value.kind === "template") {
    return locate(value, () => value.template.evaluate(scope));
  }
  if (value.constant !== undefined) return value.constant;
  if (value.kind === "list") return value.items.map((item) => renderValue(item, scope));
  if (value.kind === "scalar") return value.constant;
  const rendered: Record<string, Json> = Object.create(null);
  for (const [key, entry] of value.entries) rendered[key] = renderValue(entry, scope);
  return rendered;
}

/** A template that stands for text, as text. Throws what {@linkcode renderValue} throws. */
export function renderText(value: StackValue, scope: TemplateScope): string {
  if (value.kind === "template") return locate(value, () => value.template.render(scope));
  return String(value.constant);
}

/** Runs `render` and says of a template's error where in the stacks it stands. */
export function locate<Result>(
  { placeAt }: { placeAt(offset: number): Place },
  render: () => Result,
): Result {
  try {
    return render();
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new VariableError(error.message, placeAt(error.offset), { cause: error });
  }
}
