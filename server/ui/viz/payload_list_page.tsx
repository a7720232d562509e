import type { Filecast } from "../../../shared/rest/swarm.ts";
import { formatBytes } from "../../../shared/terminal/bytes.ts";
import { Live } from "../components/live.tsx";
import { Empty } from "../components/notice.tsx";
import { Pager } from "../components/pager.tsx";
import { type Column, Table } from "../components/table.tsx";
import { Command, Word } from "../components/text.tsx";
import { Time } from "../components/time.tsx";
import { path } from "../href.ts";
import { definePage } from "../page.ts";
import { CastProgress, CastState } from "./cast_parts.tsx";

const ROWS = 100;

/** What was cast to the fleet. */
export const payloadListPage = definePage({
  path: "/payload",
  permission: "fleet.view",
  nav: { section: "Swarm", label: "Filecasts" },
  view: async ({ call, query, url, nowMs }) => {
    const cursor = query("cursor");
    const { filecasts, nextCursor } = await call("filecastList", {
      query: { limit: ROWS, ...(cursor === "" ? {} : { cursor }) },
    });
    return {
      title: "Filecasts",
      rest: `/swarm/filecasts${url.search}`,
      body: (
        <Live id="filecasts" url={url}>
          {filecasts.length === 0 ? <NoFilecasts /> : (
            <>
              <Table
                label="Filecasts, newest first"
                columns={columns(nowMs)}
                rows={filecasts}
                rowId={({ sha256 }) => `cast-${sha256}`}
                rowClass={({ state }) => state === "revoked" ? "lost" : undefined}
              />
              <Pager url={url} nextCursor={nextCursor} shown={filecasts.length} />
            </>
          )}
        </Live>
      ),
    };
  },
});

/** What a fleet to which nothing was cast needs first. */
export function NoFilecasts() {
  return (
    <Empty title="Nothing was cast to the fleet yet.">
      <p>
        A file goes from envoy to envoy with{" "}
        <Command>vigocli swarm filecast distribute FILE --target 'web-*'</Command>
      </p>
    </Empty>
  );
}

function columns(nowMs: number): Column<Filecast>[] {
  return [
    {
      name: "Label",
      isHeading: true,
      cell: ({ sha256, label }) => (
        <a href={path`/payload/${sha256}`}>
          <Word>{label}</Word>
        </a>
      ),
    },
    { name: "State", cell: (filecast) => <CastState filecast={filecast} /> },
    { name: "Complete", cell: (filecast) => <CastProgress filecast={filecast} /> },
    { name: "On their way", isNumber: true, cell: ({ downloading }) => downloading },
    { name: "Waiting", isNumber: true, cell: ({ pending }) => pending },
    { name: "Skipped", isNumber: true, cell: ({ skipped }) => skipped },
    { name: "Size", isNumber: true, cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
    { name: "Target", cell: ({ target }) => <Word mono>{target}</Word> },
    { name: "Origin", cell: ({ origin }) => <Word>{origin}</Word> },
    { name: "Cast", cell: ({ createdAtMs }) => <Time ms={createdAtMs} nowMs={nowMs} /> },
  ];
}
