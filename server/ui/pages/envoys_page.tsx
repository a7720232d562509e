import type { EnvoySort, EnvoySummary } from "../../../shared/rest/envoys.ts";
import { counted } from "../../../shared/terminal/counted.ts";
import { Live } from "../components/live.tsx";
import { Empty } from "../components/notice.tsx";
import { NoEnvoys } from "../components/no_envoys.tsx";
import { Pager } from "../components/pager.tsx";
import {
  CONVERGENCE_KINDS,
  CONVERGENCE_NAMES,
  DRIFT_KINDS,
  POLICY_KINDS,
  PRESENCE_KINDS,
} from "../components/states.ts";
import { Status } from "../components/status.tsx";
import { type Column, Table } from "../components/table.tsx";
import { TargetFilter } from "../components/target_filter.tsx";
import { Command, Word } from "../components/text.tsx";
import { Time } from "../components/time.tsx";
import { describeFailure } from "../describe_failure.ts";
import { href, path } from "../href.ts";
import { definePage, type PageContext } from "../page.ts";

const ROWS = 100;

/** Who is in the fleet, and how they are. */
export const envoysPage = definePage({
  path: "/envoys",
  permission: "fleet.view",
  nav: { section: "Fleet", label: "Envoys" },
  view: async (context) => {
    const { url, query } = context;
    const target = query("target");
    const listed = await list(context);
    return {
      title: "Envoys",
      ...(listed.problem === undefined ? {} : { status: 400 }),
      rest: `/envoys${url.search}`,
      body: (
        <>
          <TargetFilter
            target={target}
            problem={listed.problem}
            kept={{ sort: query("sort") }}
            isReadable={context.may("fleet.read")}
          />
          {listed.page && (
            <Live id="envoys" url={url}>
              <Rows {...listed.page} context={context} isFiltered={target !== ""} />
            </Live>
          )}
        </>
      ),
    };
  },
});

interface EnvoyRows {
  readonly envoys: readonly EnvoySummary[];
  readonly total: number;
  readonly nextCursor: string | null;
}

/** The page that is asked for, or what is wrong with the target. */
async function list(
  { call, query }: PageContext,
): Promise<{ readonly page?: EnvoyRows; readonly problem?: string }> {
  const [target, sort, cursor] = [query("target"), query("sort"), query("cursor")];
  try {
    return {
      page: await call("envoyList", {
        query: {
          limit: ROWS,
          ...(target === "" ? {} : { target }),
          ...(sort === "" ? {} : { sort }),
          ...(cursor === "" ? {} : { cursor }),
        },
      }),
    };
  } catch (error) {
    const failure = describeFailure(error);
    if (failure?.status !== 400) throw error;
    return { problem: failure.message };
  }
}

function Rows({ envoys, total, nextCursor, context, isFiltered }: EnvoyRows & {
  context: PageContext;
  isFiltered: boolean;
}) {
  if (envoys.length === 0 && isFiltered) {
    return (
      <Empty title="No envoy fits this target.">
        <p>
          To see which of its conditions nobody fits:{" "}
          <Command>{`vigocli query '${context.query("target")}'`}</Command>
        </p>
        <p>
          <a href="/envoys">Show all envoys</a>
        </p>
      </Empty>
    );
  }
  if (envoys.length === 0) return <NoEnvoys />;
  return (
    <>
      <Table
        label={counted(total, "envoy")}
        columns={columns(context)}
        rows={envoys}
        rowId={({ uuid }) => `envoy-${uuid}`}
        rowClass={({ presence }) => presence === "offline" ? "lost" : undefined}
      />
      <Pager url={context.url} nextCursor={nextCursor} shown={envoys.length} total={total} />
    </>
  );
}

function columns(context: PageContext): Column<EnvoySummary>[] {
  const { nowMs } = context;
  return [
    {
      name: "Envoy",
      isHeading: true,
      sort: sortBy(context, "hostname"),
      cell: ({ hostname, state, pausedReason }) => (
        <span>
          <a href={path`/envoys/${hostname}`}>
            <Word>{hostname}</Word>
          </a>
          {state === "cloned?" && (
            <>
              {" "}
              <Status kind="bad">cloned?</Status>
            </>
          )}
          {pausedReason !== null && (
            <>
              {" "}
              <Status kind="warn" title={pausedReason}>paused</Status>
            </>
          )}
        </span>
      ),
    },
    {
      name: "State",
      sort: sortBy(context, "state"),
      cell: ({ convergence }) => (
        <Status kind={CONVERGENCE_KINDS[convergence]}>{CONVERGENCE_NAMES[convergence]}</Status>
      ),
    },
    {
      name: "Drift",
      sort: sortBy(context, "drift"),
      cell: ({ drift }) =>
        drift === "None"
          ? <span class="quiet">none</span>
          : <Status kind={DRIFT_KINDS[drift]}>{drift.toLowerCase()}</Status>,
    },
    {
      name: "Policy",
      sort: sortBy(context, "policy"),
      cell: ({ policy }) => <Status kind={POLICY_KINDS[policy]}>{policy}</Status>,
    },
    {
      name: "Presence",
      sort: sortBy(context, "presence"),
      cell: ({ presence }) => <Status kind={PRESENCE_KINDS[presence]}>{presence}</Status>,
    },
    {
      name: "Last seen",
      sort: sortBy(context, "seen"),
      cell: ({ lastSeenMs }) => <Time ms={lastSeenMs} nowMs={nowMs} />,
    },
    {
      name: "Address",
      isMinor: true,
      cell: ({ ip }) => ip === null ? <span class="quiet">–</span> : <span class="mono">{ip}</span>,
    },
    {
      name: "Agent",
      isMinor: true,
      cell: ({ agentVersion }) =>
        agentVersion === null ? <span class="quiet">–</span> : <Word>{agentVersion}</Word>,
    },
  ];
}

/** How a click on a heading sorts: by it, and the other way round at the second. */
function sortBy({ url, query }: PageContext, by: EnvoySort): NonNullable<
  Column<EnvoySummary>["sort"]
> {
  const now = query("sort") || "hostname";
  const direction = now === by ? "ascending" : now === `-${by}` ? "descending" : undefined;
  const next = direction === "ascending" ? `-${by}` : by;
  return { href: href(url, { sort: next, cursor: undefined }), direction };
}
