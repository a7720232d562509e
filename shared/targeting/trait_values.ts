/** What a filter can compare: a leaf of the trait tree. */
export type TraitValue = string | number | boolean;

/** Deepest nesting looked into: traits are shallow, and recursion must end before the stack does. */
export const MAX_TRAIT_DEPTH = 64;

/**
 * The values at `path` in an envoy's traits. Lists are walked through, both on the way and at the end, so
 * `mountpoints.path` finds the path of every mount point.
 *
 * @returns `undefined` if nothing that can be compared is there: the path is absent, null, leads to an object, or lies
 * deeper than {@linkcode MAX_TRAIT_DEPTH}. An empty list is there, and has no values.
 */
export function findTraitValues(
  traits: unknown,
  path: readonly string[],
): readonly TraitValue[] | undefined {
  return find(traits, path, 0);
}

function find(
  traits: unknown,
  path: readonly string[],
  depth: number,
): readonly TraitValue[] | undefined {
  if (depth > MAX_TRAIT_DEPTH) return undefined;
  const [name, ...rest] = path;
  if (Array.isArray(traits)) {
    if (traits.length === 0) return [];
    const found = traits.map((member) => find(member, path, depth + 1)).filter(isPresent);
    return found.length === 0 ? undefined : found.flat();
  }
  if (name === undefined) return isTraitValue(traits) ? [traits] : undefined;
  // Only own members: "constructor" is a name like any other.
  if (!isObject(traits) || !Object.hasOwn(traits, name)) return undefined;
  return find(traits[name], rest, depth + 1);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isTraitValue(value: unknown): value is TraitValue {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined;
}
