import { suggestName } from "../naming/nearest_name.ts";
import { type Condition, ConditionError, type Expression, pathOf } from "./condition.ts";
import { type ConditionValue, describeValue, isEqual, isList, isMap } from "./condition_value.ts";
import type { ConditionFacts, ConditionScope, ConditionVerdict } from "./condition_facts.ts";
import { callStandardFunction, MAX_MADE_LENGTH } from "./standard_functions.ts";
import { callMachineFunction } from "./machine_functions.ts";

/** Steps that one evaluation may take: each node, each member that is compared, each hundred characters. */
const MAX_STEPS = 200_000;

/** Instead of a value: it depends on what is not known. */
const UNDECIDED = Symbol("undecided");

/** Instead of a value: a mistake, which `&&` and `||` may pass over. */
class Mistake {
  constructor(readonly message: string, readonly offset: number) {}
}

/** A value, `UNDECIDED` or a `Mistake`. */
type Outcome = ConditionValue;

type Locals = ReadonlyMap<string, Outcome>;

const NO_LOCALS: Locals = new Map();

/** One evaluation of one condition. */
export class Evaluation {
  #stepsLeft = MAX_STEPS;

  constructor(
    private readonly condition: Condition,
    private readonly scope: ConditionScope,
    private readonly facts: ConditionFacts,
  ) {}

  /** @throws {ConditionError} if it does too much work, and whatever the scope throws. */
  run(): ConditionVerdict {
    const { expression } = this.condition;
    const outcome = this.#evaluateWhole();
    if (outcome === UNDECIDED) return { state: "undecided" };
    if (outcome instanceof Mistake) {
      return { state: "wrong", message: outcome.message, offset: outcome.offset };
    }
    if (typeof outcome === "boolean") return { state: outcome ? "true" : "false" };
    throw new ConditionError(
      `condition is ${describeValue(outcome)}: expected true or false`,
      pathOf(expression) ? 0 : this.condition.offsetOf(expression),
    );
  }

  #evaluateWhole(): Outcome {
    try {
      return this.#evaluate(this.condition.expression, NO_LOCALS);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new ConditionError("condition is nested too deep: simplify it", 0, { cause: error });
    }
  }

  #charge(steps = 1): void {
    this.#stepsLeft -= steps;
    if (this.#stepsLeft < 0) {
      throw new ConditionError("condition does too much work: shorten its loops", 0);
    }
  }

  #evaluate(expression: Expression, locals: Locals): Outcome {
    this.#charge();
    const { exprKind: kind } = expression;
    switch (kind.case) {
      case "constExpr":
        return kind.value.constantKind.value;
      case "identExpr":
        return this.#readName(expression, kind.value.name, locals);
      case "selectExpr": {
        const { operand, field, testOnly } = kind.value;
        const container = this.#evaluateOptional(operand, locals);
        if (isNoValue(container)) return container;
        return testOnly
          ? this.#hasMember(expression, container, field)
          : this.#readMember(expression, container, field, locals);
      }
      case "listExpr":
        return this.#evaluateAll(kind.value.elements, locals);
      case "structExpr":
        return this.#makeMap(expression, kind.value.entries, locals);
      case "comprehensionExpr":
        return this.#fold(expression, kind.value, locals);
      case "callExpr":
        return this.#call(expression, kind.value, locals);
      default:
        return this.#mistake(expression, "cannot evaluate condition");
    }
  }

  #evaluateOptional(expression: Expression | undefined, locals: Locals): Outcome {
    if (!expression) throw new Error("unreachable: the parser leaves no operand out");
    return this.#evaluate(expression, locals);
  }

  /** A list of values, or the first outcome that is none: an undecided one before a mistake. */
  #evaluateAll(expressions: readonly Expression[], locals: Locals): Outcome {
    const outcomes = expressions.map((expression) => this.#evaluate(expression, locals));
    return outcomes.find((outcome) => outcome === UNDECIDED) ??
      outcomes.find((outcome) => outcome instanceof Mistake) ?? outcomes;
  }

  #readName(expression: Expression, name: string, locals: Locals): Outcome {
    if (locals.has(name)) return locals.get(name);
    const { scope, facts } = this;
    if (name === "traits") return facts.traits ?? UNDECIDED;
    if (name === "vars") return scope.vars;
    if (name === "env") return scope.env ?? "";
    if (name === "changed") return facts.changed ?? UNDECIDED;
    if (name === "item" && scope.item !== undefined) return scope.item;
    return this.#mistake(expression, 'undefined name "item": it exists where there is "foreach"');
  }

  #readMember(
    expression: Expression,
    container: ConditionValue,
    key: ConditionValue,
    locals: Locals,
  ): Outcome {
    const name = typeof key === "string" ? key : describeValue(key);
    if (isList(container)) {
      const index = typeof key === "bigint" ? Number(key) : key;
      if (typeof index !== "number" || !Number.isInteger(index)) {
        return this.#mistake(expression, `a list has no member ${describeValue(key)}`);
      }
      const found = index >= 0 && index < container.length;
      return found ? container[index] : this.#missing(expression, container, name, locals);
    }
    if (!isMap(container)) {
      return this.#mistake(
        expression,
        `${describeValue(container)} has no member ${describeValue(key)}`,
      );
    }
    if (typeof key !== "string" || !Object.hasOwn(container, key)) {
      return this.#missing(expression, container, name, locals);
    }
    const value: unknown = Reflect.get(container, key);
    return value === undefined ? this.#missing(expression, container, name, locals) : value;
  }

  #missing(
    expression: Expression,
    container: object,
    key: string,
    locals: Locals,
  ): Outcome {
    const named = pathOf(expression);
    if (this.#mayBeThere(named?.path ?? [], locals)) return UNDECIDED;
    const path = named?.path.join(".") ?? key;
    const base = path.slice(0, path.length - key.length);
    const hint = isList(container)
      ? `: the list has ${container.length} members`
      : suggestName(path, Object.keys(container).map((known) => base + known));
    const offset = named ? this.condition.offsetOf(named.root) : undefined;
    return this.#mistake(expression, `undefined name ${JSON.stringify(path)}${hint}`, offset);
  }

  /** Whether what is missing may be a trait that the machine has: what is not named directly may come from one. */
  #mayBeThere([root, collector]: readonly string[], locals: Locals): boolean {
    const { missingTraits, failedCollectors } = this.facts;
    if (root === "traits" && !locals.has(root)) {
      return missingTraits === "undecided" || failedCollectors?.includes(collector ?? "") === true;
    }
    if (root === "vars" || root === "item" || missingTraits === "absent") return false;
    return this.condition.names.some(({ path }) => path[0] === "traits");
  }

  #hasMember(expression: Expression, container: ConditionValue, field: string): Outcome {
    if (isMap(container)) return Object.hasOwn(container, field);
    return this.#mistake(
      expression,
      `${describeValue(container)} has no member ${JSON.stringify(field)}`,
    );
  }

  #makeMap(
    expression: Expression,
    entries: Extract<Expression["exprKind"], { case: "structExpr" }>["value"]["entries"],
    locals: Locals,
  ): Outcome {
    const made: Record<string, ConditionValue> = Object.create(null);
    for (const { keyKind, value } of entries) {
      const key = keyKind.case === "mapKey" ? this.#evaluate(keyKind.value, locals) : undefined;
      const member = this.#evaluateOptional(value, locals);
      if (isNoValue(key)) return key;
      if (isNoValue(member)) return member;
      if (typeof key !== "string") {
        return this.#mistake(expression, `${describeValue(key)} is a key of a map: expected text`);
      }
      made[key] = member;
    }
    return made;
  }

  /** What `all`, `exists`, `exists_one`, `map` and `filter` are made of: a loop that carries one value along. */
  #fold(
    expression: Expression,
    { iterRange, iterVar, accuVar, accuInit, loopCondition, loopStep, result }: Extract<
      Expression["exprKind"],
      { case: "comprehensionExpr" }
    >["value"],
    locals: Locals,
  ): Outcome {
    const range = this.#evaluateOptional(iterRange, locals);
    if (isNoValue(range)) return range;
    if (!isList(range) && !isMap(range)) {
      return this.#mistake(
        expression,
        `${describeValue(range)} has no members: expected a list or a map`,
      );
    }
    const inside = new Map(locals);
    inside.set(accuVar, this.#evaluateOptional(accuInit, locals));
    for (const item of isList(range) ? range : Object.keys(range)) {
      inside.set(iterVar, item);
      if (this.#evaluateOptional(loopCondition, inside) !== true) break;
      inside.set(accuVar, this.#evaluateOptional(loopStep, inside));
    }
    inside.delete(iterVar);
    return this.#evaluateOptional(result, inside);
  }

  #call(
    expression: Expression,
    { function: name, target, args }: Extract<
      Expression["exprKind"],
      { case: "callExpr" }
    >["value"],
    locals: Locals,
  ): Outcome {
    const [first, second, third] = args;
    switch (name) {
      case "_&&_":
        return this.#decide(expression, args, locals, false);
      case "_||_":
        return this.#decide(expression, args, locals, true);
      case "@not_strictly_false":
        return this.#evaluateOptional(first, locals) !== false;
      case "_?_:_": {
        const choice = this.#evaluateOptional(first, locals);
        if (isNoValue(choice)) return choice;
        if (typeof choice !== "boolean") return this.#notBoolean(expression, choice);
        return this.#evaluateOptional(choice ? second : third, locals);
      }
    }
    const values = this.#evaluateAll(target ? [target, ...args] : args, locals);
    if (!isList(values)) return values;
    const [a, b] = values;
    switch (name) {
      case "_[_]":
        return this.#readMember(expression, a, b, locals);
      case "_==_":
        return isEqual(a, b, () => this.#charge());
      case "_!=_":
        return !isEqual(a, b, () => this.#charge());
      case "@in":
        return this.#isMember(expression, a, b);
      case "_+_":
        if (isList(a) && isList(b)) return this.#join(expression, a, b);
        break;
      case "size":
        if (isList(a)) return BigInt(a.length);
        if (isMap(a)) return BigInt(Object.keys(a).length);
    }
    const machine = target ? undefined : callMachineFunction(name, values, this.facts);
    if (machine) {
      if ("problem" in machine) return this.#mistake(expression, machine.problem);
      return machine.value ?? UNDECIDED;
    }
    const result = callStandardFunction(name, values, {
      isMethod: target !== undefined,
      charge: (steps) => this.#charge(steps),
    });
    return "problem" in result ? this.#mistake(expression, result.problem) : result.value;
  }

  /** `&&` and `||`: a value that decides wins, then what is not known, then a mistake. */
  #decide(
    expression: Expression,
    args: readonly Expression[],
    locals: Locals,
    deciding: boolean,
  ): Outcome {
    let undecided = false;
    let mistake: Mistake | undefined;
    for (const arg of args) {
      const outcome = this.#evaluate(arg, locals);
      if (outcome === deciding) return deciding;
      if (outcome === UNDECIDED) undecided = true;
      else if (outcome instanceof Mistake) mistake ??= outcome;
      else if (typeof outcome !== "boolean") mistake ??= this.#notBoolean(expression, outcome);
    }
    return undecided ? UNDECIDED : mistake ?? !deciding;
  }

  #isMember(expression: Expression, sought: ConditionValue, container: ConditionValue): Outcome {
    if (isList(container)) {
      return container.some((item) => isEqual(item, sought, () => this.#charge()));
    }
    if (isMap(container) && typeof sought === "string") return Object.hasOwn(container, sought);
    return this.#mistake(
      expression,
      `"in" looks for ${describeValue(sought)} in ${describeValue(container)}: expected a list`,
    );
  }

  #join(
    expression: Expression,
    a: readonly ConditionValue[],
    b: readonly ConditionValue[],
  ): Outcome {
    if (a.length + b.length > MAX_MADE_LENGTH) {
      return this.#mistake(expression, `list of more than ${MAX_MADE_LENGTH} members`);
    }
    // Copying is far cheaper than a step of the evaluation.
    this.#charge(Math.ceil((a.length + b.length) / 100));
    return [...a, ...b];
  }

  #notBoolean(expression: Expression, value: ConditionValue): Mistake {
    return this.#mistake(expression, `${describeValue(value)} is neither true nor false`);
  }

  #mistake(expression: Expression, message: string, offset?: number): Mistake {
    return new Mistake(message, offset ?? this.condition.offsetOf(expression));
  }
}

function isNoValue(outcome: Outcome): boolean {
  return outcome === UNDECIDED || outcome instanceof Mistake;
}
