import { isCelError } from "@bufbuild/cel";
import { type ConditionValue, describeValue } from "./condition_value.ts";
import { STANDARD_FUNCTIONS } from "./functions.ts";

/** Longest text or list that a condition may make. */
export const MAX_MADE_LENGTH = 100_000;

/** A text, a number, a truth or null: what the functions of CEL that are not about members take. */
type SingleValue = string | number | bigint | boolean | null;

/**
 * Calls a function or operator of CEL over single values.
 *
 * @param call.isMethod the first value is what the function is called on, `name.startsWith("web")`.
 * @param call.charge told before of the steps that the work takes; it throws if they are too many.
 * @returns the value, or the message of what is wrong with the call.
 */
export function callStandardFunction(
  name: string,
  values: readonly ConditionValue[],
  { isMethod, charge }: { readonly isMethod: boolean; readonly charge: (steps: number) => void },
): { readonly value: ConditionValue } | { readonly problem: string } {
  let length = 0;
  for (const value of values) length += typeof value === "string" ? value.length : 0;
  if (length > MAX_MADE_LENGTH) {
    return { problem: `text of more than ${MAX_MADE_LENGTH} characters` };
  }
  charge(Math.ceil(length / 100));
  const found = STANDARD_FUNCTIONS.find(name);
  const shown = JSON.stringify(name.replaceAll(/^[_@]|_$/g, ""));
  if (values.every(isSingle)) {
    for (const given of alternatives(name, values)) {
      const [target] = given;
      const result = isMethod
        ? found?.call(0, target, given.slice(1))
        : found?.call(0, undefined, [...given]);
      if (isCelError(result)) return { problem: `${shown} fails: ${result.message}` };
      if (result !== undefined && isSingle(result)) return { value: result };
    }
  }
  return { problem: `${shown} cannot be used with ${values.map(describeValue).join(" and ")}` };
}

function isSingle(value: unknown): value is SingleValue {
  return value === null || ["string", "number", "bigint", "boolean"].includes(typeof value);
}

/** The values, and then the same with integers as doubles, or for a remainder with whole doubles as integers. */
function* alternatives(
  name: string,
  values: readonly SingleValue[],
): Generator<readonly SingleValue[]> {
  yield values;
  yield values.map((value) =>
    name === "_%_"
      ? typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value
      : typeof value === "bigint"
      ? Number(value)
      : value
  );
}
