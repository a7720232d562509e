import type { z } from "zod";
import type { runGraph } from "../../../shared/rest/runs.ts";
import { sanitize } from "../../../shared/terminal/sanitize.ts";
import { type LaidOut, layOutGraph } from "./lay_out_graph.ts";
import { OUTCOME_KINDS } from "./states.ts";
import { Status } from "./status.tsx";
import { Table } from "./table.tsx";
import { Word } from "./text.tsx";

export type GraphResource = z.output<typeof runGraph.answer>["resources"][number];

const NODE_WIDTH = 210, NODE_HEIGHT = 38, COLUMN_GAP = 56, ROW_GAP = 10, MARGIN = 14;
/** Above this a drawing shows nothing any more; the list below it does. */
const MAX_DRAWN = 400;
/** Longest name in a box, in characters. */
const MAX_NAME = 25;

/** The resources of a run as a drawing, each right of what it depends on, with the same as a list. */
export function RunGraph({ resources }: { resources: readonly GraphResource[] }) {
  return (
    <>
      {resources.length <= MAX_DRAWN ? <Drawing resources={resources} /> : (
        <p class="quiet">
          {resources.length} resources are too many to draw; the list has them all.
        </p>
      )}
      <details class="more">
        <summary>The graph as a list</summary>
        <Table
          label="Resources in the order of the run"
          rows={resources}
          columns={[
            { name: "Resource", isHeading: true, cell: ({ id }) => <Word mono>{id}</Word> },
            {
              name: "Outcome",
              cell: ({ outcome }) => <Status kind={OUTCOME_KINDS[outcome]}>{outcome}</Status>,
            },
            {
              name: "From",
              cell: ({ crate, source }) => (
                <span class="quiet">
                  <Word>{`${crate} ${source}`}</Word>
                </span>
              ),
            },
            {
              name: "After",
              cell: ({ dependsOn }) =>
                dependsOn.map((id) => (
                  <div>
                    <Word mono>{id}</Word>
                  </div>
                )),
            },
          ]}
        />
      </details>
    </>
  );
}

function Drawing({ resources }: { resources: readonly GraphResource[] }) {
  const { nodes, columns, rows } = layOutGraph(resources);
  const width = columns * (NODE_WIDTH + COLUMN_GAP) - COLUMN_GAP + 2 * MARGIN;
  const height = rows * (NODE_HEIGHT + ROW_GAP) - ROW_GAP + 2 * MARGIN;
  const places = new Map(nodes.map((node) => [node.id, node]));
  const told = new Map(resources.map((resource) => [resource.id, resource]));
  return (
    <div
      class="graph"
      tabindex={0}
      role="region"
      aria-label="Graph of the run; the same stands in the list below"
    >
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        {nodes.flatMap((node) =>
          node.after.flatMap((id) => {
            const from = places.get(id);
            return from ? [<path class="edge" d={edge(from, node)} />] : [];
          })
        )}
        {nodes.map((node) => {
          const resource = told.get(node.id);
          return resource && <Node node={node} resource={resource} />;
        })}
      </svg>
    </div>
  );
}

function Node({ node, resource }: { node: LaidOut; resource: GraphResource }) {
  const { x, y } = cornerOf(node);
  const name = sanitize(resource.id.slice(resource.type.length + 1));
  const isQuiet = resource.outcome === "none";
  return (
    <g
      class={`node ${isQuiet ? "ok" : OUTCOME_KINDS[resource.outcome]}`}
      transform={`translate(${x} ${y})`}
    >
      <title>{`${sanitize(resource.id)}: ${isQuiet ? "as wanted" : resource.outcome}`}</title>
      <rect width={NODE_WIDTH} height={NODE_HEIGHT} rx="5" />
      <text x="9" y="15" class="kind">
        {`${resource.type} · ${isQuiet ? "as wanted" : resource.outcome}`}
      </text>
      <text x="9" y="30">{name.length > MAX_NAME ? `…${name.slice(1 - MAX_NAME)}` : name}</text>
    </g>
  );
}

function cornerOf({ column, row }: LaidOut) {
  return {
    x: MARGIN + column * (NODE_WIDTH + COLUMN_GAP),
    y: MARGIN + row * (NODE_HEIGHT + ROW_GAP),
  };
}

function edge(from: LaidOut, to: LaidOut): string {
  const start = cornerOf(from), end = cornerOf(to);
  const [x1, y1] = [start.x + NODE_WIDTH, start.y + NODE_HEIGHT / 2];
  const [x2, y2] = [end.x, end.y + NODE_HEIGHT / 2];
  const bend = Math.max(24, (x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
