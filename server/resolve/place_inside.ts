import type { Place } from "../stacks/problem_list.ts";
import type { StackValue } from "../stacks/stack_value.ts";

/** Where a value stands, or the nearest thing around it that has a place. */
export function placeInside(
  value: StackValue | undefined,
  path: readonly PropertyKey[],
  fallback: Place,
): { readonly place: Place; readonly written: string | undefined } {
  let current = value;
  for (const step of path) {
    const next = current?.kind === "map"
      ? current.entries.get(String(step))
      : current?.kind === "list"
      ? current.items[Number(step)]
      : undefined;
    if (!next) break;
    current = next;
  }
  return {
    place: current?.place ?? fallback,
    written: current?.kind === "scalar" ? current.written : undefined,
  };
}
