import type { SwarmFlow, SwarmNode } from "../../../shared/rest/swarm_graph.ts";
import type { SwarmPeer, SwarmStatus } from "../../../shared/rest/swarm_substrate.ts";
import { formatBytes } from "../../../shared/terminal/bytes.ts";
import { Live } from "../components/live.tsx";
import { NoEnvoys } from "../components/no_envoys.tsx";
import { Empty } from "../components/notice.tsx";
import { Pager } from "../components/pager.tsx";
import { Figure, Figures, Panel } from "../components/panel.tsx";
import { PRESENCE_KINDS } from "../components/states.ts";
import { Status } from "../components/status.tsx";
import { type Column, Table } from "../components/table.tsx";
import { Command, Word } from "../components/text.tsx";
import { Time } from "../components/time.tsx";
import { path } from "../href.ts";
import { definePage } from "../page.ts";

const ROWS = 100;
/** The picture moves by itself; to take in tables of a hundred rows costs it some frames. */
const TABLES_SECONDS = 15;
/** Ways in the table, the busiest. */
const MAX_WAYS = 12;

/** The swarm as a picture: who is in it, and who gives whom. */
export const swarmPage = definePage({
  path: "/swarm",
  permission: "fleet.read",
  nav: { section: "Swarm", label: "Swarm" },
  view: async ({ call, query, url, nowMs }) => {
    const status = await call("swarmStatus");
    const cursor = query("cursor");
    const peers = await call("swarmPeers", {
      query: { limit: ROWS, ...(cursor === "" ? {} : { cursor }) },
    });
    const graph = await call("swarmGraph");
    return {
      title: "Swarm",
      rest: "/swarm/graph",
      scripts: ["swarm.js"],
      body: status.envoysTotal === 0 ? <NoEnvoys /> : (
        <>
          <Picture />
          <Live id="swarm" url={url} everySeconds={TABLES_SECONDS}>
            <Totals status={status} />
            <Panel title="Flows of the last minute" note={`the busiest ${MAX_WAYS}`}>
              <Ways flows={graph.flows} nodes={graph.nodes} />
            </Panel>
            <Panel title="Envoys" note="a row in focus stands out in the picture">
              <Table
                label="Envoys in the swarm, the largest first"
                columns={columns(nowMs)}
                rows={peers.peers}
                rowId={({ uuid }) => `node-${uuid}`}
                rowClass={({ presence }) => presence === "offline" ? "lost" : undefined}
              />
              <Pager
                url={url}
                nextCursor={peers.nextCursor}
                shown={peers.peers.length}
                total={peers.total}
              />
            </Panel>
          </Live>
        </>
      ),
    };
  },
});

/** The picture itself is drawn by a script; what it shows stands in the tables, too. */
function Picture() {
  return (
    <section class="panel" aria-label="Picture of the swarm">
      <div class="viz-head">
        <p id="swarm-summary" />
        <span id="swarm-state" class="viz-state off" role="status">connecting</span>
      </div>
      <figure id="swarm-graph" class="viz viz-swarm">
        <canvas role="img" aria-labelledby="swarm-summary" />
        <canvas class="viz-over" aria-hidden="true" />
        <div id="swarm-card" class="viz-card" hidden />
        <div class="viz-tools">
          <button type="button" class="button small" data-zoom="1.4" aria-label="Nearer">+</button>
          <button type="button" class="button small" data-zoom="0.7" aria-label="Further">−</button>
          <button type="button" class="button small" data-zoom="0">All</button>
          <button type="button" class="button small" data-full>Full screen</button>
        </div>
        <p class="viz-off">The picture needs JavaScript. The tables below say the same.</p>
      </figure>
      <ul class="viz-legend">
        <li>size: what the swarm brought it; seeds stay files of their own</li>
        <li>ring: it seeds</li>
        <li>inner circle: it is fetching</li>
        <li>dashed: offline</li>
        <li>arc: what it gave within a minute</li>
        <li>
          colour: tag <code>viz.color</code>
        </li>
      </ul>
    </section>
  );
}

function Totals({ status }: { status: SwarmStatus }) {
  const { envoysOnline, envoysTotal, substrateActive, seedingEnvoys, footprintBytes } = status;
  return (
    <Figures>
      <Figure label="Online" value={envoysOnline} note={`of ${envoysTotal}`} href="/envoys" />
      <Figure label="Taking part" value={substrateActive} note="hold or fetch something" />
      <Figure label="Seeding" value={seedingEnvoys} />
      <Figure label="Held in all" value={formatBytes(footprintBytes)} />
      <Figure
        label="Active entries"
        value={status.manifestActive}
        note={`${status.manifestRevoked} revoked`}
        href="/payload"
      />
    </Figures>
  );
}

function Ways({ flows, nodes }: {
  flows: readonly SwarmFlow[];
  nodes: readonly SwarmNode[];
}) {
  if (flows.length === 0) {
    return (
      <Empty title="Nothing flowed within the last minute.">
        <p>
          To see it move:{" "}
          <Command>vigocli swarm filecast distribute FILE --target '*' --wait</Command>
        </p>
      </Empty>
    );
  }
  const names = new Map(nodes.map(({ uuid, hostname }) => [uuid, hostname]));
  const end = (uuid: string) =>
    uuid === "server" ? <span>the server itself</span> : <Word>{names.get(uuid) ?? uuid}</Word>;
  return (
    <Table
      label="Flows of the last minute"
      columns={[
        { name: "From", isHeading: true, cell: ({ from }) => end(from) },
        { name: "To", cell: ({ to }) => end(to) },
        { name: "Chunks", isNumber: true, cell: ({ chunks }) => chunks },
        { name: "Amount", isNumber: true, cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
      ]}
      rows={flows.slice(0, MAX_WAYS)}
      rowId={({ from, to }) => `way-${from}-${to}`}
    />
  );
}

function columns(nowMs: number): Column<SwarmPeer>[] {
  return [
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
      name: "Presence",
      cell: ({ presence }) => <Status kind={PRESENCE_KINDS[presence]}>{presence}</Status>,
    },
    {
      name: "Substrate",
      cell: ({ substrate }) => (
        <Status kind={substrate === "active" ? "ok" : "none"}>{substrate}</Status>
      ),
    },
    { name: "Seeding", isNumber: true, cell: ({ seeding }) => seeding },
    { name: "Cached", isNumber: true, cell: ({ cached }) => cached },
    { name: "Fetching", isNumber: true, cell: ({ downloading }) => downloading },
    {
      name: "Footprint",
      isNumber: true,
      cell: ({ footprintBytes }) => formatBytes(footprintBytes),
    },
    { name: "Last seen", cell: ({ lastSeenMs }) => <Time ms={lastSeenMs} nowMs={nowMs} /> },
  ];
}
