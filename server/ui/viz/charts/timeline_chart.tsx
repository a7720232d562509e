import type { Filecast } from "../../../../shared/rest/swarm.ts";
import type { CastCompletion, CastSample } from "../../../../shared/rest/swarm_graph.ts";
import { formatDuration } from "../../../../shared/terminal/duration.ts";
import { Table } from "../../components/table.tsx";
import { drawTimeline } from "./cast_timeline.ts";
import { Chart } from "./chart.tsx";

/** Rows of the table below the line: its most telling ones. */
const TABLE_ROWS = 12;

/** How a filecast came from nobody to everybody. */
export function TimelineChart({ filecast, completions, samples, nowMs }: {
  filecast: Filecast;
  completions: readonly CastCompletion[];
  samples: readonly CastSample[];
  nowMs: number;
}) {
  const { complete, downloading, pending, skipped } = filecast;
  const last = completions.at(-1)?.complete ?? 0;
  // An origin counts as complete, and is no target.
  const targets = Math.max(last, complete + downloading + pending + skipped - 1);
  const line = drawTimeline({ filecast, targets, completions, samples, nowMs });
  if (line === undefined) return null;
  const step = Math.max(1, Math.ceil(completions.length / TABLE_ROWS));
  const rows = completions.filter((_, at) =>
    (at + 1) % step === 0 || at === completions.length - 1
  );
  return (
    <Chart
      title="Completion over time"
      note={`${last} of ${targets} have all of it`}
      shape="areas"
      series={[
        { name: "Held by envoys that have all of it", kind: "ok", values: line.whole },
        { name: "Held by envoys on their way", kind: "accent", values: line.partly },
      ]}
      write={(share) => `${Math.round(share)} %`}
      least={100}
      times={["cast", `${formatDuration(line.toMs - line.fromMs)} later`]}
    >
      <Table
        label="Envoys that had all of it, by time since the cast"
        columns={[
          {
            name: "Since the cast",
            isHeading: true,
            cell: ({ atMs }) => formatDuration(Math.max(0, atMs - filecast.createdAtMs)),
          },
          { name: "Envoys", isNumber: true, cell: ({ complete }) => complete },
        ]}
        rows={rows}
      />
    </Chart>
  );
}
