import type { SwarmPeer, SwarmStatus } from "../../shared/rest/swarm_substrate.ts";
import type { TaskPlan, TaskSummary } from "../../shared/rest/tasks.ts";
import { formatBytes } from "../../shared/terminal/bytes.ts";
import { formatTimestamp } from "../../shared/terminal/relative_time.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { renderTable } from "../../shared/terminal/table.ts";

const NAME_WIDTH = 18;

/**
 * The swarm's totals.
 *
 * @param offsetMinutes how far the reader's clock is ahead of UTC.
 */
export function renderSwarmStatus(status: SwarmStatus, offsetMinutes: number): string {
  const { allowlist } = status;
  const payloads = Object.entries(status.payloads).map(([name, count]) => `${count} ${name}`);
  const facts = [
    ["Envoys online", `${status.envoysOnline} / ${status.envoysTotal}`],
    ["Substrate active", String(status.substrateActive)],
    ["Seeding envoys", String(status.seedingEnvoys)],
    ["Fleet footprint", formatBytes(status.footprintBytes)],
    ["Manifest entries", `${status.manifestActive} active · ${status.manifestRevoked} revoked`],
    ["Active payloads", payloads.join(" · ") || "none"],
  ].map(([name = "", value = ""]) => name.padEnd(NAME_WIDTH) + sanitize(value));
  return [
    `Swarm substrate — generated ${formatSecond(status.generatedAtMs, offsetMinutes)}`,
    "",
    ...facts,
    "",
    "Seeding allowlist",
    `  ${sanitize(allowlist.implicit)}  (server.hostname — implicit)`,
    ...allowlist.patterns.map((pattern) => `  ${sanitize(pattern)}`),
  ].join("\n");
}

/** Envoys with their part in the swarm, as the server sorted them. */
export function renderSwarmPeers(
  { generatedAtMs, sort, peers }: {
    readonly generatedAtMs: number;
    readonly sort: string;
    readonly peers: readonly SwarmPeer[];
  },
  offsetMinutes: number,
): string {
  const table = renderTable(
    [
      { header: "HOSTNAME" },
      { header: "STATUS" },
      { header: "SUBSTRATE" },
      { header: "SEEDING" },
      { header: "CACHED" },
      { header: "DOWNLOADING" },
      { header: "FOOTPRINT" },
      { header: "LAST SEEN" },
    ],
    peers.map((peer) => [
      peer.hostname,
      peer.presence,
      peer.substrate,
      String(peer.seeding),
      String(peer.cached),
      String(peer.downloading),
      formatBytes(peer.footprintBytes),
      formatTimestamp(peer.lastSeenMs, offsetMinutes),
    ]),
  ).trimEnd();
  const when = formatSecond(generatedAtMs, offsetMinutes);
  return `Swarm peers — generated ${when} · sorted by ${sort}\n\n${table}`;
}

/** To whom a clean-up went, and where its results will be. */
export function renderCleanup(
  { task, plan }: {
    readonly task: Pick<TaskSummary, "id"> | null;
    readonly plan: Pick<TaskPlan, "command" | "batches" | "offline">;
  },
  target: string,
): string {
  const sent = `${plan.batches.flat().length} envoy(s)`;
  const offline = plan.offline.map(sanitize).join(", ");
  return [
    `Dispatched '${sanitize(plan.command)}' to ${sent} matching "${sanitize(target)}".`,
    ...offline === "" ? [] : [`Not connected, and so left out: ${offline}`],
    "Per-envoy results:",
    `  vigocli task status ${sanitize(task?.id ?? "")}`,
  ].join("\n");
}

/** Offsets are whole minutes, so seconds are the same everywhere. */
function formatSecond(ms: number, offsetMinutes: number): string {
  return `${formatTimestamp(ms, offsetMinutes)}:${new Date(ms).toISOString().slice(17, 19)}`;
}
