import { formatPlace, type ProblemList } from "./problem_list.ts";
import type { NameReference } from "./stack_tree.ts";

/** Deepest chain of names that include each other: deeper ones are no help to a reader, and recursion must end. */
const MAX_CHAIN_LENGTH = 100;

/**
 * Everything that `starts` reach, each name once, what is reached before what reaches it. Names that are not there are
 * passed over; a cycle is entered once.
 */
export function expandNames(
  starts: readonly NameReference[],
  next: (name: string) => readonly NameReference[] | undefined,
): string[] {
  const done = new Set<string>();
  const entered = new Set<string>();
  const enter = (name: string, depth: number) => {
    const references = next(name);
    if (entered.has(name) || !references || depth > MAX_CHAIN_LENGTH) return;
    entered.add(name);
    for (const reference of references) enter(reference.name, depth + 1);
    done.add(name);
  };
  for (const start of starts) enter(start.name, 0);
  return [...done];
}

/**
 * Reports each cycle among `names` once, at the reference that closes it, as the path that leads there:
 * `roles include each other: web → base (roles.vgo:4:15) → web (roles.vgo:7:15)`.
 */
export function reportNameCycles(
  names: Iterable<string>,
  next: (name: string) => readonly NameReference[] | undefined,
  problems: ProblemList,
  what: string,
): void {
  const finished = new Set<string>();
  const path: NameReference[] = [];
  const enter = (reference: NameReference) => {
    const { name, place } = reference;
    const start = path.findIndex((earlier) => earlier.name === name);
    if (start >= 0) {
      const steps = [...path.slice(start + 1), reference];
      const printed = steps.map((step) => `${step.name} (${formatPlace(step.place)})`);
      problems.add(place, `${what}: ${[name, ...printed].join(" → ")}`);
      return;
    }
    if (finished.has(name)) return;
    if (path.length >= MAX_CHAIN_LENGTH) {
      problems.add(place, `chain of more than ${MAX_CHAIN_LENGTH} names: shorten it`);
      return;
    }
    path.push(reference);
    for (const following of next(name) ?? []) enter(following);
    path.pop();
    finished.add(name);
  };
  for (const name of names) enter({ name, place: { file: "", line: 1, column: 1 } });
}
