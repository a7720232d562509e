import {
  Context,
  type Liquid,
  LiquidError,
  Output,
  type Template as LiquidTemplate,
  toValueSync,
} from "liquidjs";
import type { Json } from "../canonical/canonical_json.ts";
import { suggestName } from "../naming/nearest_name.ts";
import { MAX_RENDERED_LENGTH, MAX_RENDERED_PARTS, MAX_TEMPLATE_LENGTH } from "./template_engine.ts";

/** What a template may name. */
export interface TemplateScope {
  readonly vars: object;
  readonly traits: object;
  /** The environment of the host; absent if it has none. */
  readonly env?: string;
  /** What `foreach` stands at; absent where there is none. */
  readonly item?: Json;
}

/** A name that a template uses: its segments as far as they are constant, and where it stands in the text. */
export interface TemplateName {
  readonly path: readonly string[];
  readonly offset: number;
}

/** A template could not be parsed or rendered. `offset` is where in its text. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
  constructor(
    message: string,
    readonly offset: number,
    options?: ErrorOptions,
    /** The name that is not there, if that is the mistake: `traits.os.codename`. */
    readonly undefinedName?: string,
  ) {
    super(message, options);
  }
}

/**
 * What a scope throws to end a rendering for a reason of its own (a trait that is not known yet, a mistake in a variable
 * that the template uses). It reaches the caller as it is.
 */
export abstract class ScopeInterruption extends Error {}

/** Whether a text needs rendering at all. */
export function isTemplate(text: string): boolean {
  return text.includes("{{") || text.includes("{%");
}

/** A parsed template, rendered many times. */
export class Template {
  readonly #parsed: readonly LiquidTemplate[];
  /** Set if the text is one `{{ … }}` and nothing else: such a template keeps the type of its value. */
  readonly #only: Output | undefined;
  #names: readonly TemplateName[] | undefined;

  /** @throws {TemplateError} if `text` is too long or not Liquid. */
  constructor(readonly text: string, private readonly engine: Liquid) {
    if (text.length > MAX_TEMPLATE_LENGTH) {
      throw new TemplateError(
        `template of ${text.length} characters: the limit is ${MAX_TEMPLATE_LENGTH}`,
        0,
      );
    }
    this.#parsed = convertErrors(() => engine.parse(text));
    const [first, ...others] = this.#parsed;
    this.#only = first instanceof Output && others.length === 0 ? first : undefined;
  }

  /** Every name from outside the template. */
  names(): readonly TemplateName[] {
    this.#names ??= this.#findNames();
    return this.#names;
  }

  /** The path of the one plain name that the template is, as in `{{ vars.users }}`; undefined if it is anything else. */
  plainName(): readonly string[] | undefined {
    const [name] = /^\{\{-?\s*([A-Za-z_]\w*(?:\.\w+)*)\s*-?\}\}$/.exec(this.text)?.slice(1) ?? [];
    return name?.split(".");
  }

  #findNames(): TemplateName[] {
    const { globals } = convertErrors(() =>
      this.engine.analyzeSync([...this.#parsed], { partials: false })
    );
    return Object.values(globals).flat().map(({ segments, location }) => {
      const end = segments.findIndex((segment) => typeof segment === "object");
      const path = end < 0 ? segments : segments.slice(0, end);
      return { path: path.map(String), offset: this.#offsetOf(location.row, location.col) };
    });
  }

  /**
   * The value of the template: of its own type if the text is a single `{{ … }}`, text otherwise.
   *
   * @throws {TemplateError} if a name is missing, a limit is reached or a filter refuses its input.
   * @throws {ScopeInterruption} if the scope threw one.
   */
  evaluate(scope: TemplateScope): Json {
    const only = this.#only;
    if (!only) return this.render(scope);
    const context = this.#contextOf(scope);
    return toJson(convertErrors(() => toValueSync(only.value.value(context, false)), scope));
  }

  /** The template as text. Throws what `evaluate` throws. */
  render(scope: TemplateScope): string {
    // The library declares a mutable list and only reads it.
    const rendered: unknown = convertErrors(
      () => this.engine.renderSync([...this.#parsed], this.#contextOf(scope)),
      scope,
    );
    // A filter can cut a character in half, and traits come from machines: what goes on is Unicode.
    const text = (typeof rendered === "string" ? rendered : String(rendered)).toWellFormed();
    if (text.length > MAX_RENDERED_LENGTH) {
      throw new TemplateError(
        `template renders to ${text.length} characters: the limit is ${MAX_RENDERED_LENGTH}`,
        0,
      );
    }
    return text;
  }

  #contextOf(scope: TemplateScope): Context {
    const context = new Context(scope, this.engine.options, { sync: true });
    let parts = 0;
    // The library asks before each part whether there is time left.
    context.renderLimit.check = () => {
      parts += 1;
      if (parts > MAX_RENDERED_PARTS) throw new Error("render limit exceeded");
    };
    return context;
  }

  #offsetOf(row: number, column: number): number {
    let start = 0;
    for (let line = 1; line < row; line++) start = this.text.indexOf("\n", start) + 1;
    return start + column - 1;
  }
}

function convertErrors<Result>(run: () => Result, scope?: TemplateScope): Result {
  const { stackTraceLimit } = Error;
  try {
    // The library writes the stacks of the errors that it wraps into their messages, which costs more than rendering.
    Error.stackTraceLimit = 0;
    return run();
  } catch (error) {
    Error.stackTraceLimit = stackTraceLimit;
    const chain = causesOf(error);
    const interruption = chain.find((cause) => cause instanceof ScopeInterruption);
    if (interruption) throw interruption;
    // A proxy or an own check of the library can fail in many ways; all of them are the fault of this template.
    if (!(error instanceof Error)) throw error;
    const token = error instanceof LiquidError ? error.token : undefined;
    throw new TemplateError(
      explain(chain, scope),
      Math.max(0, token?.begin ?? 0),
      { cause: error },
      undefinedNameOf(chain),
    );
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function causesOf(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let cause = error; cause instanceof Error && chain.length < 32;) {
    chain.push(cause);
    cause = "originalError" in cause ? cause.originalError : undefined;
  }
  return chain;
}

function explain(chain: readonly Error[], scope: TemplateScope | undefined): string {
  const cause = chain.at(-1);
  const message = (cause?.message ?? "failed").replace(/, line:\d+, col:\d+$/, "");
  const undefinedName = undefinedNameOf(chain);
  if (undefinedName !== undefined) return explainUndefined(undefinedName, scope);
  if (/limit exceeded/.test(message)) {
    return `template does too much work (${message}): shorten its loops`;
  }
  return `cannot render template: ${message}`;
}

function undefinedNameOf(chain: readonly Error[]): string | undefined {
  const cause = chain.at(-1);
  return cause && "variableName" in cause && typeof cause.variableName === "string"
    ? cause.variableName
    : undefined;
}

/** `undefined name "vars.prot". Did you mean "vars.port"?` */
export function explainUndefined(name: string, scope: TemplateScope | undefined): string {
  const path = name.split(".");
  let container: unknown = scope;
  for (const [depth, segment] of path.entries()) {
    if (typeof container !== "object" || container === null) break;
    const known = Object.keys(container);
    if (!known.includes(segment)) {
      const base = path.slice(0, depth);
      return `undefined name ${JSON.stringify(name)}${
        suggestName([...base, segment].join("."), known.map((key) => [...base, key].join(".")))
      }`;
    }
    container = Reflect.get(container, segment);
  }
  return `undefined name ${JSON.stringify(name)}`;
}

/** What a template may hand on: plain data. Anything else the language knows (`empty`, `nil`) becomes text or null. */
function toJson(value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(toJson);
  if (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key.toWellFormed(), toJson(item)]),
    );
  }
  return String(value);
}
