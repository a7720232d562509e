import type { z } from "zod";
import type { ConfigFreeze } from "../../shared/rest/config.ts";
import type { configStatus } from "../../shared/rest/config_views.ts";
import { counted } from "../../shared/terminal/counted.ts";
import { formatRelativeTime } from "../../shared/terminal/relative_time.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import type { Style } from "../../shared/terminal/style.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import { shortVersion } from "./short_version.ts";

type Status = z.output<typeof configStatus.answer>;

interface Options {
  readonly nowMs: number;
  readonly width: number;
  readonly style: Style;
}

/** What is live, staged and frozen, and how far the envoys have come. */
export function renderConfigStatus(status: Status, options: Options): string {
  const { live, staged, tree, hosts, versions, refused } = status;
  const { nowMs, width, style } = options;
  const ago = (ms: number) => formatRelativeTime(ms, nowMs);
  const lines = [
    live
      ? `Live:    ${shortVersion(live.version)}, ${ago(live.publishedAtMs)} by ${
        sanitize(live.publishedBy)
      }${live.message === "" ? "" : `: ${sanitize(live.message)}`}`
      : status.problem === null
      ? "Live:    nothing is published yet"
      : style.red(`Live:    nothing. ${sanitize(status.problem)}`),
    ...tree
      ? [
        `Holds:   ${
          [
            counted(tree.entries, "entry", "entries"),
            counted(tree.roles, "role"),
            counted(tree.configcrates, "configcrate"),
            counted(tree.usercrates, "usercrate"),
            counted(tree.resources, "resource"),
          ].join(", ")
        }`,
      ]
      : [],
    `Staged:  ${describeStaged(staged)}`,
    status.freeze
      ? style.yellow(`Freeze:  ${describeFreeze(status.freeze, nowMs)}`)
      : "Freeze:  none",
    `Hosts:   ${hosts.total}: ${hosts.upToDate} up to date, ${hosts.pending} pending, ` +
    `${hosts.refused} refused, ${hosts.unmatched} without an entry`,
  ];
  if (versions.length > 0) {
    lines.push(
      "",
      renderTable(
        [{ header: "VERSION" }, { header: "LIVE" }, { header: "HOSTS", align: "right" }, {
          header: "UP TO DATE",
          align: "right",
        }],
        versions.map((one) => [
          one.version === null ? "(none)" : shortVersion(one.version),
          one.live ? "yes" : "",
          String(one.hosts),
          String(one.upToDate),
        ]),
        Number.isFinite(width) ? { width } : {},
      ).trimEnd(),
    );
  }
  if (refused.length > 0) {
    lines.push(
      "",
      "These keep the policy they have, since the live one cannot be made for them:",
      ...refused.map(({ hostname, problem }) =>
        style.red(`  ${sanitize(hostname)}: ${sanitize(problem)}`)
      ),
    );
    const left = hosts.refused - refused.length;
    if (left > 0) lines.push(`  and ${left} more`);
  }
  return lines.join("\n");
}

/** Who froze the configuration, until when and why. */
export function describeFreeze(
  { untilMs, reason, frozenBy, sinceMs }: ConfigFreeze,
  nowMs: number,
): string {
  const until = new Date(untilMs).toISOString();
  return `until ${until} (${formatRelativeTime(untilMs, nowMs)}) by ${sanitize(frozenBy)}, ${
    formatRelativeTime(sinceMs, nowMs)
  }: ${sanitize(reason)}`;
}

function describeStaged({ version, files, changed }: Status["staged"]): string {
  if (version === null) return "cannot be read; see vigocli config validate";
  const what = counted(files, "file");
  return changed ? `${what}, not published; see vigocli config diff` : `${what}, as they are live`;
}
