import type { Filecast, FilecastHost } from "../../../shared/rest/swarm.ts";
import { formatBytes } from "../../../shared/terminal/bytes.ts";
import { counted } from "../../../shared/terminal/counted.ts";
import { formatDuration } from "../../../shared/terminal/duration.ts";
import { Facts } from "../components/panel.tsx";
import { Status } from "../components/status.tsx";
import { Word } from "../components/text.tsx";
import { Time } from "../components/time.tsx";
import { path } from "../href.ts";

/** How far a filecast has come, in a bar and in words. */
export function CastProgress({ filecast }: { filecast: Filecast }) {
  const { complete, downloading, pending, skipped } = filecast;
  const all = complete + downloading + pending + skipped;
  return (
    <span class="progress-cell">
      <progress value={complete} max={Math.max(1, all)} aria-label="Envoys that have all of it" />
      <span>{`${complete} of ${all}`}</span>
    </span>
  );
}

/** Whether a filecast counts. */
export function CastState({ filecast: { state } }: { filecast: Filecast }) {
  return state === "active"
    ? <Status kind="ok">active</Status>
    : <Status kind="none">revoked</Status>;
}

/** What was cast, by whom and for whom. */
export function CastFacts({ filecast, nowMs }: { filecast: Filecast; nowMs: number }) {
  const { sha256, label, sizeBytes, chunks, target, retentionSecs, origin, createdAtMs } = filecast;
  return (
    <Facts
      facts={[
        ["Label", <Word>{label}</Word>],
        ["State", <CastState filecast={filecast} />],
        ["Target", <Word mono>{target}</Word>],
        [
          "Origin",
          <a href={path`/envoys/${origin}`}>
            <Word>{origin}</Word>
          </a>,
        ],
        ["Size", `${formatBytes(sizeBytes)} in ${counted(chunks, "chunk")}`],
        ["Cast", <Time ms={createdAtMs} nowMs={nowMs} />],
        ["Kept for", retentionSecs === 0 ? "ever" : formatDuration(retentionSecs * 1000)],
        ["SHA-256", <code class="word">{sha256}</code>],
      ]}
    />
  );
}

/** How much of it one envoy has. */
export function ChunkCount({ host }: { host: FilecastHost }) {
  const { chunksHave, chunksTotal, status } = host;
  if (status !== "downloading") {
    return <span>{`${chunksHave} / ${chunksTotal}`}</span>;
  }
  return (
    <span class="progress-cell">
      <progress value={chunksHave} max={Math.max(1, chunksTotal)} aria-label="Chunks" />
      <span>{`${chunksHave} / ${chunksTotal}`}</span>
    </span>
  );
}

/** Where its chunks came from, the most first. */
export function Sources({ host: { sources, origin } }: { host: FilecastHost }) {
  const sorted = Object.entries(sources).sort((one, other) => other[1] - one[1]);
  if (origin) return <span class="quiet">seeds it</span>;
  if (sorted.length === 0) return <span class="quiet">–</span>;
  return (
    <span>
      {sorted.slice(0, MAX_SOURCES).map(([source, chunks], at) => (
        <>
          {at > 0 && ", "}
          <Word>{source}</Word>
          {`: ${chunks}`}
        </>
      ))}
      {sorted.length > MAX_SOURCES && (
        <span class="quiet">{` and ${sorted.length - MAX_SOURCES} more`}</span>
      )}
    </span>
  );
}

const MAX_SOURCES = 6;
