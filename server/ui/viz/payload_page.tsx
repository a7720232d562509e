import type { FilecastHost } from "../../../shared/rest/swarm.ts";
import { sanitize } from "../../../shared/terminal/sanitize.ts";
import { Live } from "../components/live.tsx";
import { ActionForm, Button } from "../components/form.tsx";
import { Empty } from "../components/notice.tsx";
import { Pager } from "../components/pager.tsx";
import { Figure, Figures, Panel } from "../components/panel.tsx";
import { Status } from "../components/status.tsx";
import { type Column, Table } from "../components/table.tsx";
import { Word } from "../components/text.tsx";
import { href, path } from "../href.ts";
import { definePage, type PageContext } from "../page.ts";
import { CastFacts, ChunkCount, Sources } from "./cast_parts.tsx";
import { CAST_KINDS, CAST_STATUSES } from "./cast_states.ts";
import { TimelineChart } from "./charts/timeline_chart.tsx";
import { paginate } from "../../api/paginate.ts";

const ROWS = 200;
/** As often as the page asks what is new. */
const EVERY_SECONDS = 2;

/** How far one filecast has come, envoy by envoy. */
export const payloadPage = definePage({
  path: "/payload/:sha",
  permission: "fleet.read",
  view: async (context) => {
    const { call, param, url, nowMs } = context;
    const sha = param("sha");
    const { filecast, completions, samples } = await call("filecastChunks", {
      params: { sha },
      query: { limit: 1, maps: "no" },
    });
    const { hosts } = await call("filecastShow", { params: { sha } });
    return {
      title: sanitize(filecast.label),
      rest: path`/swarm/filecasts/${filecast.sha256}`,
      body: (
        <Live id="payload" url={url} everySeconds={EVERY_SECONDS}>
          <Counters hosts={hosts} context={context} />
          <Panel
            title="Filecast"
            tools={<a href={path`/swarm/filecast/${filecast.sha256}`}>Chunk map</a>}
          >
            <CastFacts filecast={filecast} nowMs={nowMs} />
            {filecast.state === "active" && context.may("fleet.write") && (
              <Revoke context={context} sha256={filecast.sha256} label={filecast.label} />
            )}
          </Panel>
          <Panel title="How it spread">
            <TimelineChart
              filecast={filecast}
              completions={completions}
              samples={samples}
              nowMs={nowMs}
            />
          </Panel>
          <Panel title="Envoys" id="envoys">
            <Hosts hosts={hosts} context={context} />
          </Panel>
        </Live>
      ),
    };
  },
  actions: {
    revoke: {
      words: "Revoke this filecast everywhere: every envoy removes its copy",
      isDangerous: true,
      permission: "fleet.write",
      run: async ({ call, param }) => {
        const { label } = await call("filecastRevoke", {
          params: { sha: param("sha") },
          body: {},
        });
        return {
          goTo: path`/payload/${param("sha")}`,
          say: `Revoked "${sanitize(label)}" everywhere.`,
        };
      },
    },
  },
});

function Revoke({ context, sha256, label }: {
  context: PageContext;
  sha256: string;
  label: string;
}) {
  return (
    <ActionForm
      to={path`/payload/${sha256}`}
      csrfToken={context.csrfToken}
      action="revoke"
      label="Revoke this filecast"
    >
      <div class="form-end">
        <Button
          kind="danger"
          ask={`Revoke "${sanitize(label)}" everywhere? Every envoy removes its copy.`}
        >
          Revoke everywhere
        </Button>
      </div>
    </ActionForm>
  );
}

/** How many envoys are how far; each leads to their rows. */
function Counters({ hosts, context: { url } }: {
  hosts: readonly FilecastHost[];
  context: PageContext;
}) {
  const shown = CAST_STATUSES.flatMap((status) => {
    const count = hosts.filter((host) => host.status === status).length;
    const isUsual = status === "complete" || status === "downloading" || status === "pending";
    return count > 0 || isUsual ? [{ status, count }] : [];
  });
  return (
    <Figures>
      {shown.map(({ status, count }) => (
        <Figure
          label={NAMES[status]}
          value={count}
          href={`${href(url, { status, cursor: undefined })}#envoys`}
          kind={count === 0 ? "none" : CAST_KINDS[status]}
        />
      ))}
    </Figures>
  );
}

const NAMES: Readonly<Record<FilecastHost["status"], string>> = {
  complete: "Complete",
  downloading: "On their way",
  pending: "Waiting",
  skipped: "Skipped",
  revoking: "Letting go",
  revoked: "Gone",
};

function Hosts({ hosts, context }: { hosts: readonly FilecastHost[]; context: PageContext }) {
  const { query, url } = context;
  const status = query("status");
  const wanted = status === "" ? hosts : hosts.filter((host) => host.status === status);
  if (wanted.length === 0) {
    return status === ""
      ? (
        <Empty title="Its target means no envoy.">
          <p>
            <a href="/envoys">See who is in the fleet</a>
          </p>
        </Empty>
      )
      : (
        <Empty title={`No envoy is ${status}.`}>
          <p>
            <a href={href(url, { status: undefined })}>Show all</a>
          </p>
        </Empty>
      );
  }
  const cursor = query("cursor");
  const { page, nextCursor } = paginate(wanted, keyOf, {
    limit: ROWS,
    ...(cursor === "" ? {} : { cursor }),
  });
  return (
    <>
      {status !== "" && (
        <p>
          Only {status}. <a href={href(url, { status: undefined, cursor: undefined })}>Show all</a>
        </p>
      )}
      <Table
        label="Envoys of this filecast"
        columns={COLUMNS}
        rows={page}
        rowId={({ hostname }) => `host-${hostname}`}
      />
      <Pager url={url} nextCursor={nextCursor} shown={page.length} total={wanted.length} />
    </>
  );
}

/** What needs a look comes first. */
function keyOf({ status, hostname }: FilecastHost): string {
  return `${CAST_STATUSES.indexOf(status)} ${hostname}`;
}

const COLUMNS: readonly Column<FilecastHost>[] = [
  {
    name: "Envoy",
    isHeading: true,
    cell: ({ hostname }) => (
      <a href={path`/envoys/${hostname}`}>
        <Word>{hostname}</Word>
      </a>
    ),
  },
  { name: "Status", cell: ({ status }) => <Status kind={CAST_KINDS[status]}>{status}</Status> },
  { name: "Chunks", cell: (host) => <ChunkCount host={host} /> },
  { name: "Sources", cell: (host) => <Sources host={host} /> },
  {
    name: "Skip reason",
    cell: ({ skipReason }) => skipReason === "" ? null : <Word>{skipReason}</Word>,
  },
];
