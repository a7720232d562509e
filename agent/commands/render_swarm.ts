import { SWARM_SUBSYSTEMS } from "../../shared/config/envoy_document.ts";
import { formatBytes } from "../../shared/terminal/bytes.ts";
import { formatDuration } from "../../shared/terminal/duration.ts";
import { renderProgressBar } from "../../shared/terminal/progress_bar.ts";
import { formatRelativeTime } from "../../shared/terminal/relative_time.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import type { BlobState, PeersFile, SwarmState } from "../swarm/mirror.ts";

/** Where a table goes. */
export interface Surface {
  readonly columns?: number;
  now(): number;
}

/** Digits of a SHA-256 that are shown in lists. */
const SHORT_SHA = 12;
const NAME_WIDTH = 15;

/** A fact that is told only if there is one. */
function optional(name: string, value: string | undefined): [string, string][] {
  return value === undefined ? [] : [[name, value]];
}

/** Lines of a name and a value. */
function renderFacts(facts: readonly (readonly [string, string])[]): string {
  return facts.map(([name, value]) => `${`${name}:`.padEnd(NAME_WIDTH)}${sanitize(value)}\n`)
    .join("");
}

/**
 * Gates, manifest, peers and discovery.
 *
 * @param engine what the daemon says of the engine.
 * @param state absent while the swarm was never on.
 */
export function renderSwarmStatus(
  engine: string,
  state: SwarmState | undefined,
  nowMs: number,
): string {
  if (!state) return renderFacts([["Engine", engine]]);
  const { gates, manifest, multicast, listening, blobs, problems } = state;
  const count = (status: BlobState["status"]) =>
    blobs.filter((blob) => blob.status === status).length;
  return renderFacts([
    ["Envoy", `${state.hostname} (${state.envoyUuid})`],
    ["Engine", engine],
    ...optional("Problem", state.problem),
    ...optional(
      "Quiet",
      state.quiet &&
        `${state.quiet}; waits for the server's manifest, until then nothing is seeded, served or gossiped`,
    ),
    ["Enabled", gates.enabled ? "yes" : "no"],
    ["Gates", describeGates(gates.subsystems)],
    ["Seeder", gates.seeder ? "yes" : "no: not in swarm.seeders"],
    ["Listening", listening ? `${listening.address}:${listening.port}` : "no"],
    ["Multicast", describeMulticast(multicast)],
    [
      "Manifest",
      `version ${manifest.version}, ${manifest.active} active, ${manifest.revoked} revoked (${
        manifest.digest.slice(0, SHORT_SHA)
      })`,
    ],
    ["Peers", String(state.peerCount)],
    ["Blobs", `${count("complete")} complete, ${count("downloading")} downloading`],
    ["Last check-in", formatRelativeTime(state.lastCheckinMs, nowMs)],
    ["Updated", formatRelativeTime(state.updatedMs, nowMs)],
    ...problems.map((
      { label, reason },
    ): [string, string] => ["Broken seed", `${label}: ${reason}`]),
  ]);
}

/** Every subsystem with its gate, as the server resolved it for this machine. */
function describeGates(subsystems: SwarmState["gates"]["subsystems"]): string {
  return SWARM_SUBSYSTEMS.map((name) => `${name} ${subsystems[name] ? "on" : "off"}`).join(", ");
}

function describeMulticast({ state, interfaces, problem }: SwarmState["multicast"]): string {
  const where = interfaces.length > 0 ? ` on ${interfaces.join(", ")}` : "";
  return `${state}${where}${problem === undefined ? "" : `: ${problem}`}`;
}

/** The blobs of this machine, and seeds that cannot be originated. */
export function renderSeeds(
  blobs: readonly BlobState[],
  problems: SwarmState["problems"],
  { columns }: Surface,
): string {
  if (blobs.length + problems.length === 0) return "No blobs on this machine\n";
  const table = renderTable(
    [
      { header: "Label" },
      { header: "SHA-256" },
      { header: "Size", align: "right" },
      { header: "Status" },
      { header: "Chunks", align: "right" },
      { header: "Origin" },
      { header: "Target" },
    ],
    [
      ...blobs.map((blob) => [
        blob.label,
        blob.sha256.slice(0, SHORT_SHA),
        formatBytes(blob.sizeBytes),
        describeStatus(blob),
        `${blob.chunksHave}/${blob.chunksTotal}`,
        blob.origin,
        blob.target,
      ]),
      ...problems.map(({ label, reason }) => [label, "", "", reason]),
    ],
    columns === undefined ? {} : { width: columns },
  );
  return table;
}

/** The status of a blob in a word; what this machine originates, it has from the start. */
function describeStatus({ status, isSeed }: BlobState): string {
  return isSeed && status === "complete" ? "seeding" : status;
}

/** When a blob was complete here; nothing if it never had to be fetched. */
function describeCompletion(
  { status, isSeed, completedMs, activeDownloadMs }: BlobState,
  nowMs: number,
): string | undefined {
  if (completedMs === undefined) {
    return isSeed || status === "complete" ? undefined : "not yet";
  }
  return `${formatRelativeTime(completedMs, nowMs)}, after ${formatDuration(activeDownloadMs)}`;
}

/** Everything that is known of one blob, with a bar while it is downloading. */
export function renderSeed(blob: BlobState, nowMs: number): string {
  const sources = Object.entries(blob.sources).sort(([, a], [, b]) => b - a)
    .map(([name, chunks]) => `${name}: ${chunks}`);
  const status = describeStatus(blob);
  const completed = describeCompletion(blob, nowMs);
  const facts = renderFacts([
    ["Label", blob.label],
    ["SHA-256", blob.sha256],
    ["Size", formatBytes(blob.sizeBytes)],
    ["Status", blob.skipReason === "" ? status : `${status} (${blob.skipReason})`],
    ["Chunks", `${blob.chunksHave}/${blob.chunksTotal}`],
    ["Sources", sources.length > 0 ? sources.join(", ") : "none"],
    ["Holders", blob.holders.length > 0 ? blob.holders.join(", ") : "none known"],
    ["Origin", blob.isSeed ? `${blob.origin} (this machine)` : blob.origin],
    ["Target", blob.target],
    [
      "Retention",
      blob.retentionSecs === 0 ? "for ever" : formatDuration(blob.retentionSecs * 1000),
    ],
    ...optional("Completed", completed),
  ]);
  if (blob.status !== "downloading") return facts;
  const bar = renderProgressBar({
    label: blob.label,
    fraction: blob.chunksHave / blob.chunksTotal,
  });
  return `${facts}${bar}\n`;
}

/** The peers that proved who they are. */
export function renderPeers(
  peers: PeersFile["peers"],
  { columns, now }: Surface,
): string {
  if (peers.length === 0) return "No peers known\n";
  return renderTable(
    [
      { header: "Hostname" },
      { header: "Address" },
      { header: "Found by" },
      { header: "Proven" },
      { header: "Envoy" },
    ],
    peers.toSorted((a, b) => a.hostname < b.hostname ? -1 : 1).map((peer) => [
      peer.hostname,
      peer.address.includes(":")
        ? `[${peer.address}]:${peer.port}`
        : `${peer.address}:${peer.port}`,
      peer.source,
      `${formatRelativeTime(peer.provenMs, now())}${peer.absent ? ", does not answer" : ""}`,
      peer.uuid,
    ]),
    columns === undefined ? {} : { width: columns },
  );
}
