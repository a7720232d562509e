/** A value of a condition: JSON, except that integers written in the condition are bigints. */
export type ConditionValue = unknown;

/** Deepest containers that are compared: traits come from machines. */
const MAX_DEPTH = 64;

export function isList(value: ConditionValue): value is readonly ConditionValue[] {
  return Array.isArray(value);
}

export function isMap(value: ConditionValue): value is object {
  return typeof value === "object" && value !== null && !isList(value);
}

/** What a value is, in the words of an error message. */
export function describeValue(value: ConditionValue): string {
  if (value === null) return "null";
  if (isList(value)) return "a list";
  if (isMap(value)) return "a map";
  if (typeof value === "string") {
    return value.length > 40 ? `${JSON.stringify(value.slice(0, 40))}…` : JSON.stringify(value);
  }
  return String(value);
}

/**
 * Equality of CEL: numbers by value whatever their type, lists and maps by their members; values of different kinds differ.
 * `charge` is called for every value looked at.
 */
export function isEqual(
  a: ConditionValue,
  b: ConditionValue,
  charge: () => void,
  depth = 0,
): boolean {
  charge();
  if (typeof a === "bigint" || typeof b === "bigint") {
    // Of a bigint and a number the language compares the mathematical values.
    return isNumber(a) && isNumber(b) && a <= b && a >= b;
  }
  if (depth > MAX_DEPTH) return false;
  if (isList(a)) {
    return isList(b) && a.length === b.length &&
      a.every((item, index) => isEqual(item, b[index], charge, depth + 1));
  }
  if (isMap(a)) {
    if (!isMap(b)) return false;
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) =>
      Object.hasOwn(b, key) &&
      isEqual(Reflect.get(a, key), Reflect.get(b, key), charge, depth + 1)
    );
  }
  return a === b;
}

function isNumber(value: ConditionValue): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}
