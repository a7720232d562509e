import type { z } from "zod";
import type {
  BrokenFilecast,
  BrokenSeed,
  Filecast,
  filecastDistribute,
  FilecastHost,
} from "../../shared/rest/swarm.ts";
import { formatBytes } from "../../shared/terminal/bytes.ts";
import { formatDuration } from "../../shared/terminal/duration.ts";
import { renderProgressBar } from "../../shared/terminal/progress_bar.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { renderTable } from "../../shared/terminal/table.ts";

/** Most hosts drawn one by one while waiting; past that only the sum is readable. */
const MAX_BARS = 16;

/** Whether nothing more will happen: every target has the blob or skipped it, and what others hold or lost does not matter. */
export function isSettled(cast: Filecast, hosts: readonly FilecastHost[]): boolean {
  if (cast.state === "revoked") return hosts.every((host) => host.status === "revoked");
  return hosts.length > 0 &&
    hosts.every(({ status }) =>
      status === "complete" || status === "skipped" || status === "revoked"
    );
}

/** What becomes of the entry that the content of a cast had before; `undefined` if it had none. */
export function renderFormer(
  { former }: Pick<z.output<typeof filecastDistribute.answer>, "former">,
): string | undefined {
  if (!former) return undefined;
  const { label, target, retentionSecs, origin, replaced } = former;
  const kept = retentionSecs === 0 ? "for ever" : formatDuration(retentionSecs * 1000);
  const was = `${sanitize(label)} for ${sanitize(target)}, kept ${kept}`;
  return replaced
    ? `It replaces what the same content was cast as: ${was}`
    : `${sanitize(origin)} seeds the same content already, as ${was}. That stands until it lets go`;
}

/** Where a cast stands, host by host, as the admin reads it. */
export function renderFilecast(cast: Filecast, hosts: readonly FilecastHost[]): string {
  const parts = [
    [cast.complete, "complete"],
    [cast.downloading, "downloading"],
    [cast.pending, "pending"],
    [cast.skipped, "skipped"],
  ].filter(([count, word]) => count !== 0 || word === "complete").map(([count, word]) =>
    `${count} ${word}`
  );
  return [
    `Blob: ${cast.sha256.slice(0, 12)}... (${sanitize(cast.label)})`,
    `Summary: ${parts.join(", ")} (${hosts.length} total)`,
    "",
    renderTable(
      [{ header: "HOSTNAME" }, { header: "STATUS" }, { header: "CHUNKS", align: "right" }, {
        header: "SOURCES",
      }, { header: "SKIP REASON" }],
      hosts.map((host) => [
        host.hostname,
        host.status,
        `${host.chunksHave}/${host.chunksTotal}`,
        host.origin ? "(origin)" : renderSources(host.sources),
        host.skipReason,
      ]),
    ).trimEnd(),
  ].join("\n");
}

/** A bar for each host while the cast is under way. */
export function renderWait(cast: Filecast, hosts: readonly FilecastHost[]): string {
  const labelWidth = Math.max(...hosts.map((host) => host.hostname.length), 10);
  const bar = (label: string, fraction: number, detail: string) =>
    `${renderProgressBar({ label, fraction }, { labelWidth })}  ${sanitize(detail)}`;
  const shown = hosts.slice(0, MAX_BARS).map((host) =>
    bar(
      host.hostname,
      host.chunksTotal === 0 ? 0 : host.chunksHave / host.chunksTotal,
      host.status === "skipped" ? `skipped: ${host.skipReason}` : host.status,
    )
  );
  if (hosts.length > MAX_BARS) {
    shown.push(
      bar("all", cast.complete / hosts.length, `${cast.complete} of ${hosts.length} envoys`),
    );
  }
  return shown.join("\n");
}

/** A line for each host that says how far it is, by hostname. */
export function describeHosts(hosts: readonly FilecastHost[]): [hostname: string, line: string][] {
  return hosts.map(({ hostname, status, chunksHave, chunksTotal, skipReason }) => {
    const reason = skipReason === "" ? "" : `: ${skipReason}`;
    return [hostname, sanitize(`${hostname} ${status} ${chunksHave}/${chunksTotal}${reason}`)];
  });
}

/** Seeds that are refused, then casts that nobody online holds whole. */
export function renderBroken(
  seeds: readonly BrokenSeed[],
  filecasts: readonly BrokenFilecast[],
): string {
  const tables: string[] = [];
  if (seeds.length > 0) {
    const rows = seeds.map(({ hostname, label, reason }) => [hostname, label, reason]);
    const columns = [{ header: "HOSTNAME" }, { header: "SEED" }, { header: "REASON" }];
    tables.push(`Broken seeds\n\n${renderTable(columns, rows).trimEnd()}`);
  }
  if (filecasts.length > 0) {
    const rows = filecasts.map(({ sha256, label, reason, heldBy }) => [
      sha256.slice(0, 12),
      label,
      reason,
      heldBy.join(" ") || "nobody",
    ]);
    const columns = [{ header: "SHA256" }, { header: "LABEL" }, { header: "REASON" }, {
      header: "HELD BY (OFFLINE)",
    }];
    tables.push(
      `Filecasts that no online envoy holds whole\n\n${renderTable(columns, rows).trimEnd()}`,
    );
  }
  return tables.join("\n\n");
}

/** How much of the delivered bytes came from where: the proof that the origin is no bottleneck. */
export function renderShares(
  cast: Filecast,
  hosts: readonly FilecastHost[],
): string {
  const origins = new Set(hosts.filter((host) => host.origin).map((host) => host.hostname));
  let fromOrigin = 0, fromPeers = 0, cached = 0, fromServer = 0;
  for (const host of hosts) {
    for (const [source, chunks] of Object.entries(host.sources)) {
      if (host.origin) continue;
      if (source === "cached") cached += chunks;
      else if (source === "server") fromServer += chunks;
      else if (origins.has(source)) fromOrigin += chunks;
      else fromPeers += chunks;
    }
  }
  const total = fromOrigin + fromPeers + cached + fromServer;
  if (total === 0) {
    if (cast.state === "revoked") return "Revoked: nothing is delivered any more";
    return isSettled(cast, hosts) ? "Nothing had to be delivered" : "Nothing was delivered yet";
  }
  const percent = (chunks: number) => Math.round(100 * chunks / total);
  const others: [number, string][] = [
    [percent(fromOrigin), "from the origin"],
    [percent(fromServer), "from the server"],
    [percent(cached), "were there already"],
  ];
  // Peers get what rounding leaves, so that the shares add up.
  const peers = fromPeers === 0 ? 0 : 100 - others.reduce((sum, [share]) => sum + share, 0);
  const shares: [number, string][] = [[peers, "from peers"], ...others];
  // Only a last chunk is smaller than the others.
  const bytes = formatBytes(Math.round(cast.sizeBytes * total / Math.max(1, cast.chunks)));
  return `Delivered ${bytes}: ${
    shares.filter(([share]) => share > 0).map(([share, what]) => `${share} % ${what}`).join(", ")
  }`;
}

function renderSources(sources: Readonly<Record<string, number>>): string {
  return Object.entries(sources).sort(([, a], [, b]) => b - a)
    .map(([source, chunks]) => `${source}: ${chunks}`).join(" ");
}
