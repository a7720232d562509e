import { parse } from "@bufbuild/cel";
import { suggestName } from "../naming/nearest_name.ts";
import { CONDITION_FUNCTIONS, CONDITION_METHODS, CONDITION_OPERATORS } from "./functions.ts";

/** Longest condition, in characters; a bundle has the same limit for those that travel. */
export const MAX_CONDITION_LENGTH = 4096;
/** Deepest nesting of `all`, `exists`, `map` and the like in each other: their costs multiply. */
const MAX_LOOP_DEPTH = 4;

/**
 * Most brackets that may be open at a place, those in texts included: of brackets that are never closed the parser tries every
 * reading, which takes seconds from some hundred on.
 */
const MAX_OPEN_BRACKETS = 64;

/** What a condition may be about. */
export const CONDITION_ROOTS = ["traits", "vars", "env", "item", "changed"] as const;

/** One node of a parsed expression. */
export type Expression = ReturnType<typeof parse>["expr"];

/** A name that a condition uses: its segments as far as they are constant, and where it begins in the text. */
export interface ConditionName {
  readonly path: readonly string[];
  readonly offset: number;
  /** Whether it is only asked for, as in `has(vars.port)`. */
  readonly isAskedFor: boolean;
}

/** A condition that cannot be parsed, or not evaluated. `offset` is where in its text. */
export class ConditionError extends Error {
  override readonly name = "ConditionError";
  constructor(message: string, readonly offset: number, options?: ErrorOptions) {
    super(message, options);
  }
}

/** A parsed condition, evaluated many times. */
export class Condition {
  readonly #positions: Readonly<Record<string, number>>;

  private constructor(
    readonly text: string,
    readonly expression: Expression,
    positions: Readonly<Record<string, number>>,
    /** Every name from outside the condition, in the order of the text. */
    readonly names: readonly ConditionName[],
  ) {
    this.#positions = positions;
  }

  /**
   * Parses CEL without bytes, unsigned numbers, timestamps, durations and protobuf messages, and checks what its names begin
   * with and which functions it calls.
   *
   * @throws {ConditionError} if the text is none, is too long, or names what conditions do not have.
   */
  static parse(text: string): Condition {
    if (text.length > MAX_CONDITION_LENGTH) {
      throw new ConditionError(
        `condition of ${text.length} characters: the limit is ${MAX_CONDITION_LENGTH}`,
        0,
      );
    }
    const tooDeep = offsetOfDepth(text, MAX_OPEN_BRACKETS);
    if (tooDeep !== undefined) {
      throw new ConditionError("condition is nested too deep: simplify it", tooDeep);
    }
    const { expr, sourceInfo } = parseCel(text);
    const positions = sourceInfo?.positions ?? {};
    const checker = new NameChecker(positions);
    checker.visit(expr, new Set(), 0);
    const names = checker.names.sort((a, b) => a.offset - b.offset);
    return new Condition(text, expr, positions, names);
  }

  /** Where an expression begins in the text; for an operator where the operator stands. */
  offsetOf({ id }: Expression): number {
    const offset = this.#positions[String(id)] ?? 0;
    // The parser counts the space in front of an operator to it.
    return offset + (this.text.slice(offset).match(/^\s*/)?.[0].length ?? 0);
  }
}

function parseCel(text: string): ReturnType<typeof parse> {
  try {
    // A comment ends with its line.
    return parse(`${text}\n`);
  } catch (error) {
    if (error instanceof RangeError) {
      throw new ConditionError("condition is nested too deep: simplify it", 0, { cause: error });
    }
    if (!(error instanceof Error)) throw error;
    const fault = offsetOfFault(error);
    const offset = fault === undefined ? undefined : Math.min(fault, text.length);
    throw new ConditionError(explainFault(text, offset, error), offset ?? 0, { cause: error });
  }
}

/** Where more brackets than `most` are open for the first time. */
function offsetOfDepth(text: string, most: number): number | undefined {
  let open = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if ("([{".includes(character) && ++open > most) return at;
    if (")]}".includes(character) && open > 0) open--;
  }
  return undefined;
}

function offsetOfFault(error: Error): number | undefined {
  const location: unknown = Reflect.get(error, "location");
  const start: unknown = isObject(location) ? Reflect.get(location, "start") : undefined;
  const offset: unknown = isObject(start) ? Reflect.get(start, "offset") : undefined;
  return typeof offset === "number" ? offset : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The parser tries the longest reading that is whole and reports what stands after it. */
function explainFault(text: string, offset: number | undefined, error: Error): string {
  if (offset === undefined) return `cannot read condition: ${error.message}`;
  const rest = text.slice(offset).trim();
  const shown = JSON.stringify(rest.length > 40 ? `${rest.slice(0, 40)}…` : rest);
  if (rest === "") return "condition ends too early: expected a value";
  if (/^=[^=]/.test(rest)) return `cannot read condition at ${shown}: "==" compares`;
  if (/^(&[^&]|\|[^|]|and\b|or\b|not\b)/.test(rest)) {
    return `cannot read condition at ${shown}: expected "&&", "||" or "!"`;
  }
  if (/^["']/.test(rest)) return `cannot read condition at ${shown}: expected a text in quotes`;
  return `cannot read condition at ${shown}: expected a complete CEL expression`;
}

/** Finds names from outside, and refuses what conditions do not have. */
class NameChecker {
  readonly names: ConditionName[] = [];

  constructor(private readonly positions: Readonly<Record<string, number>>) {}

  visit(expression: Expression | undefined, locals: ReadonlySet<string>, loops: number): void {
    if (!expression) return;
    const { exprKind: kind } = expression;
    const name = pathOf(expression);
    const isAskedFor = kind.case === "selectExpr" && kind.value.testOnly;
    if (name) this.#name(name.path, name.root, locals, isAskedFor);
    switch (kind.case) {
      case "identExpr":
        break;
      case "constExpr":
        if (["bytesValue", "uint64Value"].includes(kind.value.constantKind.case ?? "")) {
          this.#refuse(expression, "conditions have no bytes and no unsigned numbers");
        }
        break;
      case "selectExpr":
        if (!name) this.visit(kind.value.operand, locals, loops);
        break;
      case "listExpr":
        for (const item of kind.value.elements) this.visit(item, locals, loops);
        break;
      case "structExpr":
        if (kind.value.messageName !== "") {
          this.#refuse(expression, `conditions have no ${JSON.stringify(kind.value.messageName)}`);
        }
        for (const { keyKind, value } of kind.value.entries) {
          if (keyKind.case === "mapKey") this.visit(keyKind.value, locals, loops);
          this.visit(value, locals, loops);
        }
        break;
      case "callExpr": {
        const { function: called, target, args } = kind.value;
        this.#call(expression, called, target !== undefined);
        // `traits["os"]` is the name that was found above, and has nothing else in it.
        if (!name) { for (const part of [target, ...args]) this.visit(part, locals, loops); }
        break;
      }
      case "comprehensionExpr": {
        if (loops >= MAX_LOOP_DEPTH) {
          this.#refuse(expression, `loops are nested deeper than ${MAX_LOOP_DEPTH}`);
        }
        const { iterRange, iterVar, accuVar, accuInit, loopCondition, loopStep, result } =
          kind.value;
        this.visit(iterRange, locals, loops);
        const inside = new Set([...locals, iterVar, accuVar]);
        for (const part of [accuInit, loopCondition, loopStep, result]) {
          this.visit(part, inside, loops + 1);
        }
        break;
      }
      default:
        this.#refuse(expression, "cannot read condition");
    }
  }

  #name(
    path: readonly string[],
    root: Expression,
    locals: ReadonlySet<string>,
    isAskedFor: boolean,
  ): void {
    const [first = ""] = path;
    if (locals.has(first)) return;
    const offset = this.positions[String(root.id)] ?? 0;
    const roots: readonly string[] = CONDITION_ROOTS;
    if (roots.includes(first)) {
      this.names.push({ path, offset, isAskedFor });
      return;
    }
    throw new ConditionError(
      `undefined name ${JSON.stringify(first)}${
        suggestName(first, roots) || `: expected vars.${first} or traits.${first}`
      }`,
      offset,
    );
  }

  #call(expression: Expression, called: string, isMethod: boolean): void {
    if (CONDITION_OPERATORS.includes(called)) return;
    const known = isMethod ? CONDITION_METHODS : CONDITION_FUNCTIONS;
    if (known.includes(called)) return;
    this.#refuse(
      expression,
      `unknown function ${JSON.stringify(called)}${
        suggestName(called, known) || `: expected one of ${known.join(", ")}`
      }`,
    );
  }

  #refuse({ id }: Expression, message: string): never {
    throw new ConditionError(message, this.positions[String(id)] ?? 0);
  }
}

/** The path that an expression names as far as it is constant throughout: `vars.a["b"]` is `vars`, `a`, `b`. */
export function pathOf(
  expression: Expression,
): { readonly path: readonly string[]; readonly root: Expression } | undefined {
  const segments: string[] = [];
  let current: Expression | undefined = expression;
  while (current) {
    const { exprKind: kind }: Expression = current;
    if (kind.case === "identExpr") {
      return { path: [kind.value.name, ...segments.reverse()], root: current };
    }
    if (kind.case === "selectExpr") {
      segments.push(kind.value.field);
      current = kind.value.operand;
    } else if (kind.case === "callExpr" && kind.value.function === "_[_]") {
      const [container, key]: Expression[] = kind.value.args;
      const constant = key?.exprKind.case === "constExpr"
        ? key.exprKind.value.constantKind
        : undefined;
      if (constant?.case === "stringValue") segments.push(constant.value);
      else if (constant?.case === "int64Value") segments.push(String(constant.value));
      else return undefined;
      current = container;
    } else return undefined;
  }
  return undefined;
}
