import type { EnvoyDetail, EnvoySummary } from "../../shared/rest/envoys.ts";
import { formatRelativeTime } from "../../shared/terminal/relative_time.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { createStyle, type Style } from "../../shared/terminal/style.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import { statusCell } from "./status_word.ts";

const PLAIN = createStyle({ isTerminal: false, env: {} });

/** Envoys as a table. What they were is set apart from what they are. */
export function renderEnvoys(
  envoys: readonly EnvoySummary[],
  nowMs: number,
  style: Style = PLAIN,
): string {
  return renderTable(
    [
      { header: "HOSTNAME" },
      { header: "PRESENCE" },
      { header: "STATUS" },
      { header: "DRIFT" },
      { header: "POLICY" },
      { header: "IP" },
      { header: "VERSION" },
      { header: "LAST SEEN" },
    ],
    envoys.map((envoy) => [
      envoy.hostname,
      statusCell(
        envoy.state === "active" ? envoy.presence : envoy.state,
        style,
        renderPresence(envoy),
      ),
      statusCell(envoy.convergence, style, renderStatus(envoy)),
      statusCell(envoy.drift, style),
      statusCell(envoy.policy, style),
      envoy.ip ?? "-",
      envoy.agentVersion ?? "-",
      envoy.lastSeenMs === null ? "never" : formatRelativeTime(envoy.lastSeenMs, nowMs),
    ]),
  ).trimEnd();
}

/** Everything that is known of one envoy, but for its traits, of which only the names are told. */
export function renderEnvoy(envoy: EnvoyDetail, nowMs: number): string {
  const time = (ms: number | null) =>
    ms === null ? "never" : `${formatRelativeTime(ms, nowMs)} (${new Date(ms).toISOString()})`;
  const { lastRun } = envoy;
  const tags = Object.entries(envoy.tags).map(([name, value]) => `${name}=${value}`).join(" ");
  const fields: [string, string][] = [
    ["Hostname", envoy.hostname],
    ["UUID", envoy.uuid],
    ["Presence", renderPresence(envoy)],
    ["Status", envoy.convergence],
    ["Last run", lastRun ? `${lastRun.convergence}, ${time(lastRun.finishedAtMs)}` : "never"],
    ["Drift", envoy.drift],
    ["Policy", `${POLICY[envoy.policy]} (held: ${envoy.policyVersion ?? "none"})`],
    ["Fingerprint", envoy.fingerprint ?? "-"],
    ["IP", envoy.ip ?? "-"],
    ["Agent", envoy.agentVersion ?? "-"],
    ["Last seen", time(envoy.lastSeenMs)],
    ["Enrolled", time(envoy.enrolledAtMs)],
    ["Certificate until", time(envoy.certificateExpiresAtMs)],
    ["Tags", tags || "-"],
  ];
  if (envoy.pausedReason !== null) {
    const until = envoy.pausedUntilMs === null
      ? "until it is resumed"
      : `until ${new Date(envoy.pausedUntilMs).toISOString()}`;
    fields.push(["Paused", `${envoy.pausedReason} (${until})`]);
  }
  for (const warning of envoy.warnings) fields.push(["Warning", warning]);
  const width = Math.max(...fields.map(([name]) => name.length)) + 2;
  const lines = fields.map(([name, value]) => `${`${name}:`.padEnd(width)}${sanitize(value)}`);
  const traits = Object.keys(envoy.traits);
  lines.push(
    "",
    `Traits: ${
      traits.length === 0 ? "none yet" : traits.map(sanitize).join(" ")
    } (--json shows them)`,
  );
  return lines.join("\n");
}

const POLICY: Readonly<Record<EnvoySummary["policy"], string>> = {
  live: "the live one is applied",
  pending: "the live one is not applied yet",
  unresolved: "cannot be made for this envoy",
  none: "nothing is published",
};

function renderPresence({ state, presence, pausedReason }: EnvoySummary): string {
  if (state !== "active") return state;
  return pausedReason === null ? presence : `${presence}, paused`;
}

/** A past that is no longer known to hold is told as the past. */
function renderStatus({ convergence, lastRun }: EnvoySummary): string {
  return convergence === "NoData" && lastRun !== null
    ? `NoData (was ${lastRun.convergence})`
    : convergence;
}
