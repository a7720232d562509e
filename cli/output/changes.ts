import type { ConfigProblem, HostChange } from "../../shared/rest/config.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { createStyle, type Style } from "../../shared/terminal/style.ts";

/** Mistakes in stacks, one line each, in the form that editors jump to. */
export function renderProblems(problems: readonly ConfigProblem[]): string {
  return problems
    .map(({ file, line, column, message }) => sanitize(`${file}:${line}:${column}: ${message}`))
    .join("\n");
}

const SIGN = { added: "+", removed: "-", changed: "~" } as const;

/** Most hosts of a block that are named; `--json` names all. */
const MAX_NAMED_HOSTS = 10;
const PLAIN = createStyle({ isTerminal: false, env: {} });

/** Which hosts a version changes, and how; hosts that change alike share a block. */
export function renderChanges(
  changes: readonly HostChange[],
  unchangedHosts: number,
  style: Style = PLAIN,
): string {
  const blocks = changes.map((group) =>
    [
      style.bold(nameHosts(group.hosts)),
      ...group.problems.map((problem) => style.red(`  ! ${sanitize(problem)}`)),
      ...group.changes.flatMap((change) => [
        `  ${SIGN[change.change]} ${sanitize(change.id)} (${sanitize(change.crate)})`,
        ...(change.diff === ""
          ? []
          : change.diff.trimEnd().split("\n").map((line) =>
            `      ${colour(sanitize(line), style)}`
          )),
      ]),
    ].join("\n")
  );
  const rest = unchangedHosts === 1
    ? "1 host stays as it is"
    : `${unchangedHosts} hosts stay as they are`;
  return [...blocks, rest].join("\n\n");
}

/** Which hosts a version cannot be compiled for; the first ones are named. */
export function renderRefused(changes: readonly HostChange[], refusedHosts: number): string {
  const hosts = changes.filter(({ problems }) => problems.length > 0).flatMap((one) => one.hosts);
  const who = refusedHosts === 1
    ? "1 host cannot have it and keeps the policy it has"
    : `${refusedHosts} hosts cannot have it and keep the policy they have`;
  return `${who}: ${nameHosts(hosts)}`;
}

function nameHosts(hosts: readonly string[]): string {
  const named = hosts.slice(0, MAX_NAMED_HOSTS).map(sanitize).join(", ");
  const left = hosts.length - MAX_NAMED_HOSTS;
  return left > 0 ? `${named} and ${left} more` : named;
}

/** A line of a unified diff; headers stay as they are. */
function colour(line: string, style: Style): string {
  if (/^(---|\+\+\+) /.test(line)) return line;
  if (line.startsWith("+")) return style.green(line);
  return line.startsWith("-") ? style.red(line) : line;
}
