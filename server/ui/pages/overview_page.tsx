import type { Attention, FleetStatus } from "../../../shared/rest/fleet.ts";
import { counted } from "../../../shared/terminal/counted.ts";
import { Live } from "../components/live.tsx";
import { NoEnvoys } from "../components/no_envoys.tsx";
import { Empty } from "../components/notice.tsx";
import { Figure, Figures, Panel } from "../components/panel.tsx";
import { RunRows } from "../components/rows.tsx";
import { Status, type StatusKind } from "../components/status.tsx";
import { Table } from "../components/table.tsx";
import { Command, ShortId, Word } from "../components/text.tsx";
import { Time } from "../components/time.tsx";
import { path } from "../href.ts";
import { definePage, type PageContext } from "../page.ts";
import { OverviewCharts, writeRate } from "../viz/charts/overview_charts.tsx";
import { listRuns } from "./list_runs.ts";

const RUNS = 8;
const VERSIONS = 3;

/** The fleet at a glance. */
export const overviewPage = definePage({
  path: "/",
  permission: "fleet.read",
  nav: { section: "Fleet", label: "Overview" },
  view: async (context) => {
    const { call, url, nowMs } = context;
    const fleet = await call("fleetStatus");
    const { minutes } = await call("fleetMinutes");
    return {
      title: "Overview",
      rest: "/fleet",
      body: fleet.total === 0 ? <NoEnvoys /> : (
        <Live id="overview" url={url}>
          <Counters fleet={fleet} />
          <NeedsPerson fleet={fleet} />
          <Panel title="The last day">
            <OverviewCharts
              minutes={minutes}
              nowMs={nowMs}
              checkInsPerSecond={fleet.checkInsPerSecond}
            />
          </Panel>
          <LastChanges context={context} />
        </Live>
      ),
    };
  },
});

function Counters({ fleet }: { fleet: FleetStatus }) {
  const { total, online, converged, degraded, failed, noData, drifted, diverged } = fleet;
  return (
    <Figures>
      <Figure
        label="Online"
        value={online}
        note={`of ${counted(total, "envoy")}`}
        href="/envoys?sort=presence"
        kind={online < total ? "warn" : "ok"}
      />
      <Figure label="Converged" value={converged} href="/envoys?sort=-state" kind="ok" />
      <Figure
        label="Degraded"
        value={degraded}
        href="/envoys?sort=state"
        kind={alarm(degraded, "warn")}
      />
      <Figure label="Failed" value={failed} href="/envoys?sort=state" kind={alarm(failed, "bad")} />
      <Figure label="No data" value={noData} href="/envoys?sort=state" kind="none" />
      <Figure
        label="Drift"
        value={drifted}
        note={diverged > 0 ? `${diverged} diverged` : "changed in their last run"}
        href="/envoys?sort=drift"
        kind={alarm(diverged, "warn")}
      />
      <Figure
        label="Check-ins"
        value={fleet.checkInsPerSecond === null ? "–" : writeRate(fleet.checkInsPerSecond)}
        note="a second"
      />
      <Figure
        label="Runs"
        value={fleet.runsOfDay}
        note="in a day, not counting idle ones"
        href="/runs"
      />
    </Figures>
  );
}

function alarm(count: number, kind: "warn" | "bad"): "warn" | "bad" | "none" {
  return count > 0 ? kind : "none";
}

/** What each reason means, and what helps. */
const REASONS: Readonly<Record<Attention, { kind: StatusKind; what: string; next: string }>> = {
  cloned: {
    kind: "bad",
    what: "cloned?",
    next: "Two machines seem to use one identity. Accept it, or enrol the copy again.",
  },
  failed: { kind: "bad", what: "failed", next: "A resource could not be brought to its state." },
  unresolved: { kind: "bad", what: "no policy", next: "The live version does not compile for it." },
  diverged: {
    kind: "warn",
    what: "diverged",
    next: "Every run changes something: something fights the policy.",
  },
  degraded: {
    kind: "warn",
    what: "degraded",
    next: "A fault of the machine or its sources is in the way.",
  },
  certificate: {
    kind: "warn",
    what: "certificate",
    next: "It ends soon and did not renew itself.",
  },
  offline: { kind: "none", what: "offline", next: "It has not checked in for a while." },
  paused: { kind: "none", what: "paused", next: "Somebody has it apply nothing." },
};

function NeedsPerson({ fleet: { attention } }: { fleet: FleetStatus }) {
  return (
    <Panel title="Needs a person">
      {attention.length === 0 ? <Empty title="Nothing right now." /> : (
        <Table
          label="What needs a person"
          rows={attention}
          rowId={({ reason }) => `needs-${reason}`}
          columns={[
            {
              name: "What",
              isHeading: true,
              cell: ({ reason }) => (
                <Status kind={REASONS[reason].kind}>{REASONS[reason].what}</Status>
              ),
            },
            { name: "Envoys", isNumber: true, cell: ({ envoys }) => envoys },
            {
              name: "Which",
              cell: ({ hostnames, envoys }) => (
                <span class="hosts">
                  {hostnames.map((hostname) => (
                    <a href={path`/envoys/${hostname}`}>
                      <Word>{hostname}</Word>
                    </a>
                  ))}
                  {envoys > hostnames.length && (
                    <span class="quiet">and {envoys - hostnames.length} more</span>
                  )}
                </span>
              ),
            },
            {
              name: "Why",
              cell: ({ reason }) => <span class="quiet">{REASONS[reason].next}</span>,
            },
          ]}
        />
      )}
    </Panel>
  );
}

async function LastChanges({ context: { call, nowMs } }: { context: PageContext }) {
  const [{ runs }, { versions }] = await Promise.all([
    listRuns(call, {}, RUNS),
    call("configHistory", { query: { limit: VERSIONS } }),
  ]);
  return (
    <>
      <Panel title="Changed last" tools={<a href="/runs">All runs</a>}>
        {runs.length === 0 ? <Empty title="No run has changed anything yet." /> : (
          <RunRows
            runs={runs.slice(0, RUNS)}
            nowMs={nowMs}
            label="Last runs that changed something or failed"
          />
        )}
      </Panel>
      <Panel title="Published last" tools={<a href="/config">All versions</a>}>
        {versions.length === 0
          ? (
            <Empty title="No policy is published yet.">
              <p>
                Write stacks below <code>/srv/vigo/stacks/</code>, then:{" "}
                <Command>vigocli config publish -m 'first policy'</Command>
              </p>
            </Empty>
          )
          : (
            <Table
              label="Last versions"
              rows={versions}
              columns={[
                {
                  name: "Version",
                  isHeading: true,
                  cell: ({ version }) => <ShortId id={version} />,
                },
                {
                  name: "Message",
                  cell: ({ message }) =>
                    message === "" ? <span class="quiet">–</span> : <Word>{message}</Word>,
                },
                { name: "By", cell: ({ publishedBy }) => <Word>{publishedBy}</Word> },
                {
                  name: "When",
                  cell: ({ publishedAtMs }) => <Time ms={publishedAtMs} nowMs={nowMs} />,
                },
              ]}
            />
          )}
      </Panel>
    </>
  );
}
