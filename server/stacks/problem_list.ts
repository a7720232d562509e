import type { ConfigProblem } from "../../shared/rest/config.ts";

/** Where something stands in a tree of stacks: lines and columns count from 1, columns in UTF-16 code units. */
export interface Place {
  /** Path below `stacks/`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Most problems reported at once: nobody reads more, and one mistake can cause thousands. */
export const MAX_PROBLEMS = 1000;
/** Longest excerpt of a value that a message quotes, in characters. */
const MAX_QUOTED_LENGTH = 80;

/** The mistakes found in a tree, each once. */
export class ProblemList {
  readonly #problems = new Map<string, ConfigProblem>();
  #left = 0;

  add({ file, line, column }: Place, message: string): void {
    const key = `${file}:${line}:${column}:${message}`;
    if (this.#problems.has(key)) return;
    if (this.#problems.size >= MAX_PROBLEMS) this.#left++;
    else this.#problems.set(key, { file, line, column, message });
  }

  get size(): number {
    return this.#problems.size;
  }

  addAll(problems: Iterable<ConfigProblem>): void {
    for (const problem of problems) this.add(problem, problem.message);
  }

  /** By file, line and column. Past {@linkcode MAX_PROBLEMS} the last one says how many were left out. */
  sorted(): ConfigProblem[] {
    const sorted = [...this.#problems.values()].sort(compareProblems);
    const last = sorted.at(-1);
    if (this.#left > 0 && last) {
      sorted.push({ ...last, message: `${this.#left} more problems are not shown` });
    }
    return sorted;
  }
}

/** `configcrates/web.vgo:12:5: unknown key "owmer". Did you mean "owner"?` */
export function formatProblem({ file, line, column, message }: ConfigProblem): string {
  return `${file}:${line}:${column}: ${message}`;
}

/** `configcrates/web.vgo:12:5` */
export function formatPlace({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/** A value as a message quotes it: one line, capped. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= MAX_QUOTED_LENGTH ? text : `${text.slice(0, MAX_QUOTED_LENGTH)}…`;
}

/** The order of code units, the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By file, line and column. */
export function compareProblems(a: ConfigProblem, b: ConfigProblem): number {
  return compareText(a.file, b.file) || a.line - b.line || a.column - b.column ||
    compareText(a.message, b.message);
}
