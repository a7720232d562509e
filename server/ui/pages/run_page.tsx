import type { z } from "zod";
import type { runGraph, runShow } from "../../../shared/rest/runs.ts";
import type { ResourceReport } from "../../../shared/config/run_report.ts";
import { Diff } from "../components/diff.tsx";
import { Empty } from "../components/notice.tsx";
import { Facts, Panel } from "../components/panel.tsx";
import { RunGraph } from "../components/run_graph.tsx";
import { describeRun } from "../components/rows.tsx";
import { OUTCOME_KINDS, RUN_KINDS } from "../components/states.ts";
import { Status } from "../components/status.tsx";
import { ShortId, Word } from "../components/text.tsx";
import { Duration, Time } from "../components/time.tsx";
import { describeFailure } from "../describe_failure.ts";
import { path } from "../href.ts";
import { definePage, type PageContext } from "../page.ts";

type Run = z.output<typeof runShow.answer>;
type Graph = z.output<typeof runGraph.answer>;

/** Resources that stand open from the beginning, at most. */
const OPEN_AT_FIRST = 20;
/** What changed or went wrong stands open: of the rest there is nothing to look at. */
const OPEN_OUTCOMES: ReadonlySet<ResourceReport["outcome"]> = new Set([
  "failed",
  "unknown",
  "deleted",
  "updated",
  "created",
  "would_change",
]);

/** One run: what came of each resource, and the graph that it went through. */
export const runPage = definePage({
  path: "/runs/:id",
  permission: "fleet.read",
  view: async (context) => {
    const params = { id: context.param("id") };
    const run = await context.call("runShow", { params });
    const graph = await graphOf(context);
    return {
      title: `Run of ${run.hostname}`,
      rest: path`/runs/${run.runId}`,
      body: (
        <>
          <RunFacts run={run} nowMs={context.nowMs} />
          <Resources run={run} />
          <GraphPanel graph={graph} />
        </>
      ),
    };
  },
});

/** The graph, or why there is none. */
async function graphOf({ call, param }: PageContext): Promise<Graph | string> {
  try {
    return await call("runGraph", { params: { id: param("id") } });
  } catch (error) {
    const failure = describeFailure(error);
    if (failure === undefined) throw error;
    return failure.message;
  }
}

function RunFacts({ run, nowMs }: { run: Run; nowMs: number }) {
  return (
    <Facts
      facts={[
        ["Outcome", <Status kind={RUN_KINDS[run.outcome]}>{run.outcome}</Status>],
        ["Resources", describeRun(run)],
        [
          "Envoy",
          <a href={path`/envoys/${run.hostname}`}>
            <Word>{run.hostname}</Word>
          </a>,
        ],
        ["Began", <Time ms={run.startedAtMs} nowMs={nowMs} />],
        ["Took", <Duration ms={run.durationMs} />],
        [
          "Reported",
          <Time
            ms={run.receivedAtMs === 0 ? null : run.receivedAtMs}
            nowMs={nowMs}
            none="unknown"
          />,
        ],
        ["Trigger", run.trigger],
        ["Policy", <ShortId id={run.policyVersion} />],
      ]}
    />
  );
}

/** The worst stands first. */
const URGENCY = [
  "failed",
  "blocked",
  "unknown",
  "deleted",
  "updated",
  "created",
  "would_change",
  "skipped",
  "none",
];

function Resources({ run: { report } }: { run: Run }) {
  const resources = report.resources.toSorted((one, other) =>
    URGENCY.indexOf(one.outcome) - URGENCY.indexOf(other.outcome)
  );
  return (
    <Panel
      title="What happened"
      note={report.truncated
        ? "some diffs were left out, since the report was too large"
        : undefined}
    >
      {resources.length === 0
        ? <Empty title="Every resource was as wanted." />
        : resources.map((resource, at) => (
          <Resource
            resource={resource}
            isOpen={at < OPEN_AT_FIRST && OPEN_OUTCOMES.has(resource.outcome)}
          />
        ))}
    </Panel>
  );
}

function Resource({ resource, isOpen }: { resource: ResourceReport; isOpen: boolean }) {
  const { id, crate, outcome, diff, reason, cause, durationMs } = resource;
  return (
    <details
      class="fold"
      id={`resource-${id}`}
      open={isOpen && (diff !== undefined || reason !== undefined)}
    >
      <summary>
        <Status kind={OUTCOME_KINDS[outcome]}>{outcome.replace("_", " ")}</Status>
        <Word mono>{id}</Word>
        <span class="quiet">
          <Word>{crate}</Word>
          {cause === undefined
            ? ""
            : cause === "corrective"
            ? " · the machine had drifted"
            : " · the policy changed"}
          {" · "}
          <Duration ms={durationMs} />
        </span>
      </summary>
      <div class="fold-body">
        {reason !== undefined && (
          <p>
            <Word>{reason}</Word>
          </p>
        )}
        {diff !== undefined && <Diff text={diff} label={`What changed of ${id}`} />}
        {reason === undefined && diff === undefined && <p class="quiet">No more is known.</p>}
      </div>
    </details>
  );
}

function GraphPanel({ graph }: { graph: Graph | string }) {
  return (
    <Panel title="The graph it went through" note="each resource after what it depends on">
      {typeof graph === "string"
        ? <Empty title={graph} />
        : <RunGraph resources={graph.resources} />}
    </Panel>
  );
}
