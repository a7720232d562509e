import type { ConfigProblem, HostChange } from "../../shared/rest/config.ts";
import { counted } from "../../shared/terminal/counted.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { createStyle, type Style } from "../../shared/terminal/style.ts";

/** Mistakes in stacks, one line each, in the form that editors jump to. */
export function renderProblems(problems: readonly ConfigProblem[]): string {
  return problems
    .map(({ file, line, column, message }) => sanitize(`${file}:${line}:${column}: ${message}`))
    .join("\n");
}

/** Mistakes that show only with what hosts report: each with how many meet it. */
export function renderHostProblems(
  problems: readonly (ConfigProblem & { readonly hosts: number; readonly firstHost: string })[],
): string {
  return problems.map(({ hosts, firstHost, ...problem }) => {
    const others = hosts > 1 ? ` and ${hosts - 1} more` : "";
    return `${renderProblems([problem])} (${sanitize(firstHost)}${others})`;
  }).join("\n");
}

const SIGN = { added: "+", removed: "-", changed: "~" } as const;

/** Most hosts of a block that are named; `--json` names all. */
const MAX_NAMED_HOSTS = 10;
/** Longest diff that is shown whole where it is folded, in lines: most small changes, and no rewritten file. */
const MAX_DIFF_LINES = 20;
/** Most blocks of hosts that are shown where diffs are folded. */
const MAX_BLOCKS = 20;
const PLAIN = createStyle({ isTerminal: false, env: {} });

/**
 * How much a version changes in a line, then which hosts and how; hosts that change alike share a block.
 *
 * @param isFolded whether long diffs and what comes after the first blocks is only counted.
 */
export function renderChanges(
  changes: readonly HostChange[],
  unchangedHosts: number,
  { style = PLAIN, isFolded = false }: {
    readonly style?: Style;
    readonly isFolded?: boolean;
  } = {},
): string {
  const shown = isFolded ? changes.slice(0, MAX_BLOCKS) : changes;
  const blocks = shown.map((group) =>
    [
      style.bold(nameHosts(group.hosts)),
      ...group.problems.map((problem) => style.red(`  ! ${sanitize(problem)}`)),
      ...group.changes.flatMap((change) => [
        `  ${SIGN[change.change]} ${sanitize(change.id)} (${sanitize(change.crate)})`,
        ...diffLines(change.diff, isFolded)
          .map((line) => `      ${colour(sanitize(line), style)}`),
      ]),
    ].join("\n")
  );
  const left = changes.slice(shown.length).flatMap(({ hosts }) => hosts).length;
  if (left > 0) blocks.push(`and ${counted(left, "more host")}; --full shows all`);
  return [summarize(changes, unchangedHosts), ...blocks].join("\n\n");
}

/** `3 hosts change: 2 resources added, 1 changed; 1 host stays as it is`. A resource counts once for hosts that change alike. */
function summarize(changes: readonly HostChange[], unchangedHosts: number): string {
  const rest = `${counted(unchangedHosts, "host")} ${
    unchangedHosts === 1 ? "stays as it is" : "stay as they are"
  }`;
  const changed = changes.filter((group) => group.changes.length > 0);
  if (changed.length === 0) return rest;
  const hosts = changed.reduce((sum, group) => sum + group.hosts.length, 0);
  const resources = changed.flatMap((group) => group.changes);
  const kinds = (["added", "changed", "removed"] as const)
    .map((kind) => ({ kind, amount: resources.filter(({ change }) => change === kind).length }))
    .filter(({ amount }) => amount > 0)
    .map(({ kind, amount }, index) =>
      `${index === 0 ? counted(amount, "resource") : amount} ${kind}`
    );
  return `${counted(hosts, "host")} ${hosts === 1 ? "changes" : "change"}: ${
    kinds.join(", ")
  }; ${rest}`;
}

function diffLines(diff: string, isFolded: boolean): string[] {
  if (diff === "") return [];
  const lines = diff.trimEnd().split("\n");
  if (!isFolded || lines.length <= MAX_DIFF_LINES) return lines;
  const left = lines.length - MAX_DIFF_LINES;
  return [...lines.slice(0, MAX_DIFF_LINES), `… ${counted(left, "more line")}; --full shows all`];
}

/** Which hosts a version cannot be compiled for; the first ones are named. */
export function renderRefused(changes: readonly HostChange[], refusedHosts: number): string {
  const hosts = changes.filter(({ problems }) => problems.length > 0).flatMap((one) => one.hosts);
  const who = `${counted(refusedHosts, "host")} cannot have it and ${
    refusedHosts === 1 ? "keeps the policy it has" : "keep the policy they have"
  }`;
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
