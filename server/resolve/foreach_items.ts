import type { TemplateScope } from "../../shared/templates/template.ts";
import { type ProblemList, quote } from "../stacks/problem_list.ts";
import type { StackValue } from "../stacks/stack_value.ts";
import { DeferredRead } from "./deferred_read.ts";
import { TraitsUnknown, UNKNOWN_TRAITS } from "./trait_reads.ts";
import { readPlainName, resolveValue, VariableError } from "./variable_scope.ts";

/** Most members that one `foreach` goes through. */
const MAX_ITEMS = 5000;

/** One turn of a `foreach`. */
export interface ForeachItem {
  /** Undefined where there is no `foreach`. Members of it may throw when they are read. */
  readonly value: unknown;
  /** How messages name it: `"mara"`, or `item 3`. */
  readonly label: string;
}

const ONCE: readonly ForeachItem[] = [{ value: undefined, label: "" }];
/** Without a host one item stands for those that traits will give. */
const UNKNOWN: readonly ForeachItem[] = [{ value: UNKNOWN_TRAITS, label: "" }];

/**
 * The turns of a `foreach`: the members of a list, or of a map as `key` and `value`. Once if there is none; undefined if what
 * it goes through is wrong, which is reported.
 */
export function foreachItems(
  foreach: StackValue | undefined,
  scope: TemplateScope,
  problems: ProblemList,
): readonly ForeachItem[] | undefined {
  if (!foreach) return ONCE;
  try {
    const plain = foreach.kind === "template" ? readPlainName(foreach, scope) : undefined;
    const values = listItems(plain ?? resolveValue(foreach, scope));
    if (values && values.length <= MAX_ITEMS) return values;
    problems.add(
      foreach.place,
      values
        ? `"foreach" over ${values.length} members: the limit is ${MAX_ITEMS}`
        : `"foreach" goes through a list or a map, and this is ${
          quote(plain ?? resolveValue(foreach, scope))
        }`,
    );
  } catch (error) {
    if (error instanceof TraitsUnknown) return UNKNOWN;
    if (error instanceof DeferredRead) error.report(problems, foreach.place);
    else if (error instanceof VariableError) problems.add(error.place, error.message);
    else throw error;
  }
  return undefined;
}

function listItems(value: unknown): ForeachItem[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) {
    return Object.keys(value).map((key, index) => {
      const item: unknown = Reflect.get(value, key);
      const isText = typeof item === "string" || typeof item === "number";
      return { value: item, label: isText ? quote(item) : `item ${index + 1}` };
    });
  }
  return Object.keys(value).map((key) => ({ value: keyAndValue(value, key), label: quote(key) }));
}

/** A value that is a secret is read when a template does. */
function keyAndValue(map: object, key: string): object {
  const item = Object.create(null);
  item.key = key;
  return Object.defineProperty(item, "value", {
    enumerable: true,
    configurable: true,
    get: () => Reflect.get(map, key),
  });
}
