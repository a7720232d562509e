import { suggestName } from "../naming/nearest_name.ts";

/** What the rules between steps look at. */
export interface JudgedStep {
  readonly name: string;
  readonly command?: string | undefined;
  readonly task?: string | undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly needs: readonly string[];
}

/** Something wrong with a step; the path leads from the list of steps to where it stands. */
export interface StepProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * What is wrong with steps that are each well-formed: no command and no task or both, names that repeat, needs that name no
 * step or one twice, and steps that wait for each other in a circle, of which the first circle found is told.
 */
export function judgeSteps(steps: readonly JudgedStep[]): StepProblem[] {
  const problems: StepProblem[] = [];
  const positions = new Map<string, number>();
  for (const [position, { name, command, task, params }] of steps.entries()) {
    const earlier = positions.get(name);
    if (earlier === undefined) positions.set(name, position);
    else {
      problems.push({
        path: [position, "name"],
        message: `step ${earlier + 1} has that name already`,
      });
    }
    if ((command === undefined) === (task === undefined)) {
      problems.push({ path: [position], message: "expected either a command or a task" });
    } else if (task === undefined && Object.keys(params).length > 0) {
      problems.push({
        path: [position, "params"],
        message: "expected parameters with a named task alone",
      });
    }
  }
  for (const [position, { name, needs }] of steps.entries()) {
    for (const [place, need] of needs.entries()) {
      const message = need === name
        ? "a step cannot need itself"
        : !positions.has(need)
        ? `no step is called ${JSON.stringify(need)}${suggestName(need, positions.keys())}`
        : needs.indexOf(need) < place
        ? `it needs ${JSON.stringify(need)} already`
        : undefined;
      if (message !== undefined) problems.push({ path: [position, "needs", place], message });
    }
  }
  if (problems.length > 0) return problems;
  const circle = findCircle(steps);
  if (circle === undefined) return [];
  const [first] = circle;
  const position = positions.get(first ?? "") ?? 0;
  return [{
    path: [position, "needs"],
    message: `these steps wait for each other: ${[...circle, first].join(" → ")}`,
  }];
}

/** Steps of which each needs the next, and the last the first; `undefined` if there are none. Names must be unique. */
function findCircle(steps: readonly JudgedStep[]): string[] | undefined {
  const left = new Map(steps.map(({ name, needs }) => [name, needs]));
  for (let size = -1; size !== left.size;) {
    size = left.size;
    for (const [name, needs] of left) {
      if (!needs.some((need) => left.has(need))) left.delete(name);
    }
  }
  // Whatever is left needs something that is left, so that following it must come back to where it was.
  const path: string[] = [];
  let [at] = left.keys();
  while (at !== undefined && !path.includes(at)) {
    path.push(at);
    at = left.get(at)?.find((need) => left.has(need));
  }
  return at === undefined ? undefined : path.slice(path.indexOf(at));
}
