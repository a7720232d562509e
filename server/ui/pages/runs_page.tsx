import { RUN_OUTCOMES, type RunOutcome } from "../../../shared/rest/runs.ts";
import { counted } from "../../../shared/terminal/counted.ts";
import { Button } from "../components/form.tsx";
import { Live } from "../components/live.tsx";
import { Empty } from "../components/notice.tsx";
import { Pager } from "../components/pager.tsx";
import { Panel } from "../components/panel.tsx";
import { RunRows } from "../components/rows.tsx";
import { Table } from "../components/table.tsx";
import { Command, Word } from "../components/text.tsx";
import { Time } from "../components/time.tsx";
import { describeFailure } from "../describe_failure.ts";
import { path } from "../href.ts";
import { definePage, type PageContext } from "../page.ts";
import { type FailedResource, groupFailures } from "./group_failures.ts";
import { type FoldedRuns, listRuns } from "./list_runs.ts";

const ROWS = 50;
/** Failures of the last day that are looked into, newest first; of those of an envoy that are alike, the newest. */
const LOOKED_INTO = 40;
const DAY_MS = 86_400_000;

/** What runs came to: failures by resource, and every run that changed something. */
export const runsPage = definePage({
  path: "/runs",
  permission: "fleet.read",
  nav: { section: "Fleet", label: "Runs" },
  view: async (context) => {
    const { url, query } = context;
    const listed = await list(context);
    const isFirst = query("cursor") === "";
    return {
      title: "Runs",
      rest: `/runs${url.search}`,
      body: (
        <>
          <Filter context={context} problem={listed.problem} />
          {listed.runs && (
            <Live id="runs" url={url}>
              {isFirst && <Failures context={context} />}
              <Panel title="Changes and failures" note="runs that changed nothing leave no row">
                {listed.runs.length === 0 ? <NoRuns isFiltered={url.search !== ""} /> : (
                  <>
                    <RunRows runs={listed.runs} nowMs={context.nowMs} />
                    <Pager url={url} nextCursor={listed.nextCursor} shown={listed.runs.length} />
                  </>
                )}
              </Panel>
            </Live>
          )}
        </>
      ),
    };
  },
});

interface Listed {
  readonly runs?: FoldedRuns["runs"];
  readonly nextCursor: string | null;
  readonly problem?: string;
}

async function list({ call, query }: PageContext): Promise<Listed> {
  const [target, status, cursor] = [query("target"), query("status"), query("cursor")];
  try {
    const filter = {
      ...(target === "" ? {} : { target }),
      ...(status === "" ? {} : { status }),
      ...(cursor === "" ? {} : { cursor }),
    };
    if (!showsEach(query)) return await listRuns(call, filter, ROWS);
    const { runs, nextCursor } = await call("runList", { query: { ...filter, limit: ROWS } });
    return {
      runs: runs.map((run) => ({ run, count: 1, firstMs: run.startedAtMs, goesOn: false })),
      nextCursor,
    };
  } catch (error) {
    const failure = describeFailure(error);
    if (failure?.status !== 400) throw error;
    return { nextCursor: null, problem: failure.message };
  }
}

/** Whether the reader wants each run, also those that failed alike. */
function showsEach(query: PageContext["query"]): boolean {
  return query("each") === "yes";
}

function Filter({ context: { query }, problem }: {
  context: PageContext;
  problem: string | undefined;
}) {
  const status = query("status");
  return (
    <form class="filter" role="search" aria-label="Filter runs">
      <div class="field">
        <label for="filter-target">Target</label>
        <input
          id="filter-target"
          class="mono"
          type="search"
          name="target"
          value={query("target")}
          maxlength={4096}
          placeholder="web-*, -web-2"
          autocomplete="off"
          aria-invalid={problem ? "true" : undefined}
          aria-describedby={problem ? "filter-problem" : undefined}
        />
      </div>
      <div class="field narrow">
        <label for="filter-status">Outcome</label>
        <select id="filter-status" name="status">
          <option value="">any</option>
          {RUN_OUTCOMES.map((one: RunOutcome) => (
            <option value={one} selected={one === status}>{one}</option>
          ))}
        </select>
      </div>
      {showsEach(query) && <input type="hidden" name="each" value="yes" />}
      <Button kind="plain">Filter</Button>
      {problem && <p class="filter-problem" id="filter-problem" role="alert">{problem}</p>}
    </form>
  );
}

function NoRuns({ isFiltered }: { isFiltered: boolean }) {
  return isFiltered
    ? (
      <Empty title="No run fits.">
        <p>
          <a href="/runs">Show all runs</a>
        </p>
      </Empty>
    )
    : (
      <Empty title="No run has changed anything yet.">
        <p>
          To have envoys apply the live policy now:{" "}
          <Command>vigocli envoys push --target '*'</Command>
        </p>
      </Empty>
    );
}

async function Failures({ context }: { context: PageContext }) {
  const { call, query, nowMs } = context;
  const target = query("target");
  const { runs, nextCursor } = await listRuns(call, {
    status: "failed,degraded",
    since: Math.max(0, nowMs - DAY_MS),
    ...(target === "" ? {} : { target }),
  }, LOOKED_INTO);
  const isCut = nextCursor !== null || runs.length > LOOKED_INTO;
  const shown = await Promise.all(
    runs.slice(0, LOOKED_INTO).map(async ({ run: { runId } }) => {
      try {
        return [await call("runShow", { params: { id: runId } })];
      } catch (error) {
        // It was removed between the two questions.
        if (describeFailure(error) === undefined) throw error;
        return [];
      }
    }),
  );
  const groups = groupFailures(shown.flat());
  if (groups.length === 0) return null;
  return (
    <Panel
      title="Failures by resource"
      note={isCut ? `of the ${LOOKED_INTO} failures that are newest` : "of the last day"}
    >
      <FailureRows groups={groups} nowMs={nowMs} />
    </Panel>
  );
}

function FailureRows({ groups, nowMs }: { groups: readonly FailedResource[]; nowMs: number }) {
  return (
    <Table
      label="Failures by resource"
      rows={groups}
      columns={[
        { name: "Resource", isHeading: true, cell: ({ id }) => <Word mono>{id}</Word> },
        { name: "Crate", cell: ({ crate }) => <Word>{crate}</Word> },
        {
          name: "Reason",
          cell: ({ reason }) =>
            reason === "" ? <span class="quiet">none given</span> : <Word>{reason}</Word>,
        },
        {
          name: "Envoys",
          cell: ({ hosts }) => (
            <span class="hosts">
              {hosts.slice(0, 6).map(({ hostname, runId }) => (
                <a href={path`/runs/${runId}`}>
                  <Word>{hostname}</Word>
                </a>
              ))}
              {hosts.length > 6 && (
                <span class="quiet">{counted(hosts.length - 6, "more", "more")}</span>
              )}
            </span>
          ),
        },
        { name: "Last", cell: ({ lastMs }) => <Time ms={lastMs} nowMs={nowMs} /> },
      ]}
    />
  );
}
