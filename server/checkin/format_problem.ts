import type { ConfigProblem } from "../../shared/rest/config.ts";

/** A problem of the configuration on one line, with its place. */
export function formatProblem({ file, line, column, message }: ConfigProblem): string {
  return `${file}:${line}:${column}: ${message}`;
}
