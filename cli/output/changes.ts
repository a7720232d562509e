import type { ConfigProblem, HostChange } from "../../shared/rest/config.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";

/** Mistakes in stacks, one line each, in the form that editors jump to. */
export function renderProblems(problems: readonly ConfigProblem[]): string {
  return problems
    .map(({ file, line, column, message }) => sanitize(`${file}:${line}:${column}: ${message}`))
    .join("\n");
}

const SIGN = { added: "+", removed: "-", changed: "~" } as const;

/** Which hosts a version changes, and how; hosts that change alike share a block. */
export function renderChanges(changes: readonly HostChange[], unchangedHosts: number): string {
  const blocks = changes.map((group) =>
    [
      `${group.hosts.map(sanitize).join(", ")}`,
      ...group.problems.map((problem) => `  ! ${sanitize(problem)}`),
      ...group.changes.flatMap((change) => [
        `  ${SIGN[change.change]} ${sanitize(change.id)} (${sanitize(change.crate)})`,
        ...(change.diff === ""
          ? []
          : change.diff.trimEnd().split("\n").map((line) => `      ${sanitize(line)}`)),
      ]),
    ].join("\n")
  );
  const rest = unchangedHosts === 1
    ? "1 host stays as it is"
    : `${unchangedHosts} hosts stay as they are`;
  return [...blocks, rest].join("\n\n");
}
