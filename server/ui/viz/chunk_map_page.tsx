import { sanitize } from "../../../shared/terminal/sanitize.ts";
import { Live } from "../components/live.tsx";
import { Panel } from "../components/panel.tsx";
import { Pager } from "../components/pager.tsx";
import { Status } from "../components/status.tsx";
import { Table } from "../components/table.tsx";
import { Word } from "../components/text.tsx";
import { Time } from "../components/time.tsx";
import { path } from "../href.ts";
import { definePage } from "../page.ts";
import { CastFacts, ChunkCount, Sources } from "./cast_parts.tsx";
import { CAST_KINDS } from "./cast_states.ts";
import { TimelineChart } from "./charts/timeline_chart.tsx";

const ROWS = 100;
/** As often as the tables ask what is new; the map itself is told. */
const EVERY_SECONDS = 3;

/** Which envoy holds which chunks of a filecast, as they arrive. */
export const chunkMapPage = definePage({
  path: "/swarm/filecast/:sha",
  permission: "fleet.read",
  view: async ({ call, param, query, url, nowMs }) => {
    const cursor = query("cursor");
    const { filecast, rows, completions, samples, nextCursor } = await call("filecastChunks", {
      params: { sha: param("sha") },
      query: { limit: ROWS, maps: "no", ...(cursor === "" ? {} : { cursor }) },
    });
    const { nodes } = await call("swarmGraph");
    const tags = nodes.flatMap(({ hostname, color }) => color === null ? [] : [[hostname, color]]);
    return {
      title: `Chunks of ${sanitize(filecast.label)}`,
      rest: path`/swarm/filecasts/${filecast.sha256}/chunks`,
      scripts: ["chunks.js"],
      body: (
        <>
          <section class="panel" aria-label="Chunk map">
            <div class="viz-head">
              <p>A row for each envoy, a cell for each chunk, in the colour of whoever gave it.</p>
              <span id="chunk-state" class="viz-state off" role="status">connecting</span>
            </div>
            <figure
              id="chunk-map"
              class="viz viz-chunks"
              data-sha={filecast.sha256}
              data-tags={JSON.stringify(tags)}
            >
              <div class="viz-map">
                <canvas
                  role="img"
                  aria-label="Chunk map; the table below says the same in numbers"
                />
                <div id="chunk-card" class="viz-card" hidden />
              </div>
              <p class="viz-off">
                The map needs JavaScript. The table below says how much, and from whom.
              </p>
            </figure>
            <ul id="chunk-legend" class="viz-legend" aria-label="Sources, with their chunks" />
          </section>
          <Live id="chunks" url={url} everySeconds={EVERY_SECONDS}>
            <TimelineChart
              filecast={filecast}
              completions={completions}
              samples={samples}
              nowMs={nowMs}
            />
            <Panel
              title="Filecast"
              tools={<a href={path`/payload/${filecast.sha256}`}>Envoy by envoy</a>}
            >
              <CastFacts filecast={filecast} nowMs={nowMs} />
            </Panel>
            <Panel title="Envoys">
              <Table
                label="Chunks by envoy"
                columns={[
                  {
                    name: "Envoy",
                    isHeading: true,
                    cell: ({ hostname }) => (
                      <a href={path`/envoys/${hostname}`}>
                        <Word>{hostname}</Word>
                      </a>
                    ),
                  },
                  {
                    name: "Status",
                    cell: ({ status }) => <Status kind={CAST_KINDS[status]}>{status}</Status>,
                  },
                  { name: "Chunks", cell: (row) => <ChunkCount host={row} /> },
                  { name: "Sources", cell: (row) => <Sources host={row} /> },
                  {
                    name: "Complete",
                    cell: ({ completedAtMs }) => <Time ms={completedAtMs} nowMs={nowMs} none="–" />,
                  },
                ]}
                rows={rows}
              />
              <Pager url={url} nextCursor={nextCursor} shown={rows.length} />
            </Panel>
          </Live>
        </>
      ),
    };
  },
});
