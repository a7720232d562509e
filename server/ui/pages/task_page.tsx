import type { TaskResult, TaskSummary, TaskTarget } from "../../../shared/rest/tasks.ts";
import { isFailure, type Verdict, VERDICTS } from "../../../shared/tasks/verdict.ts";
import { AUTOMATIC_HEADER } from "../../../shared/rest/http_names.ts";
import { ActionForm, Button } from "../components/form.tsx";
import { Empty } from "../components/notice.tsx";
import { Pager } from "../components/pager.tsx";
import { Panel } from "../components/panel.tsx";
import { Table } from "../components/table.tsx";
import { Lines } from "../components/text.tsx";
import { href, path } from "../href.ts";
import { definePage, type PageContext } from "../page.ts";
import { followTask } from "./follow_task.tsx";
import { downloadOutput, OutputPanel } from "./task_output.tsx";
import { TaskHead } from "./task_head.tsx";
import { rowId, targetColumns } from "./task_targets.tsx";

const ROWS = 200;
/** Has the page of a task that is over leave room for what its reader saw coming. */
const SEEN = "seen";
/** Whatever takes the page's place leaves this part of it as it is. */
const STAYS = { "hx-morph-skip": "" };
/** Sent with what the page asks by itself, so that it keeps no session alive. */
const AUTOMATIC = JSON.stringify({ [AUTOMATIC_HEADER]: "1" });

/** One task: a verdict for each of its targets, as they come, and what the command printed. */
export const taskPage = definePage({
  path: "/tasks/:id",
  permission: "fleet.read",
  view: async (context) => {
    const { call, param, query, csrfToken, may, nowMs } = context;
    const task = await call("taskShow", { params: { id: param("id") } });
    const isOver = task.status !== "running";
    const pageUrl = new URL(href(context.url, { [SEEN]: undefined }), context.url);
    return {
      title: task.task ?? "Task",
      rest: path`/task/${task.id}/results`,
      body: (
        <>
          <Lines text={task.command} label="Command" />
          <TaskHead task={task} nowMs={nowMs} />
          {!isOver && may("push.execute") && (
            <ActionForm
              action="cancel"
              csrfToken={csrfToken}
              label="Cancel the task"
              className="form inline cancel"
            >
              <Button kind="danger" ask="End the task on every target?">Cancel the task</Button>
            </ActionForm>
          )}
          <Targets context={{ ...context, url: pageUrl }} task={task} />
          {query("output") !== "" && <OutputPanel context={context} task={task} />}
          {!isOver && <Following task={task} context={context} />}
          {isOver && query(SEEN) !== "" && <Followed />}
        </>
      ),
    };
  },
  actions: {
    cancel: {
      words: "Cancel the task on every target",
      isDangerous: true,
      permission: "push.execute",
      run: async ({ call, param, url }) => {
        await call("taskCancel", { params: { id: param("id") }, body: {} });
        return { goTo: url.pathname, say: "What runs is ended, and what waits does not begin." };
      },
    },
  },
  streams: { live: followTask, output: downloadOutput },
});

async function Targets({ context, task }: { context: PageContext; task: TaskSummary }) {
  const { call, query, url } = context;
  const verdict = VERDICTS.find((one) => one === query("verdict"));
  const cursor = query("cursor");
  const { results, nextCursor } = await call("taskResults", {
    params: { id: task.id },
    query: {
      limit: ROWS,
      output: "false",
      ...(verdict === undefined ? {} : { verdict }),
      ...(cursor === "" ? {} : { cursor }),
    },
  });
  return (
    <Panel
      title="Targets"
      id="targets"
      tools={<VerdictLinks task={task} url={url} chosen={verdict} />}
    >
      {results.length === 0 ? <Empty title="No target has this verdict." /> : (
        <>
          <Table
            label="Targets"
            columns={targetColumns(task, url)}
            rows={ordered(results, task)}
            rowId={rowId}
          />
          <Pager
            url={url}
            nextCursor={nextCursor}
            shown={results.length}
            total={verdict === undefined ? task.targets : undefined}
          />
        </>
      )}
    </Panel>
  );
}

/** Failures first once there is nothing to follow any more. */
function ordered(results: readonly TaskResult[], task: TaskSummary): readonly TaskTarget[] {
  if (task.status === "running") return results;
  const rank = ({ verdict }: TaskResult) => verdict !== null && isFailure(verdict) ? 0 : 1;
  return results.toSorted((one, other) => rank(one) - rank(other) || one.position - other.position);
}

function VerdictLinks(
  { task, url, chosen }: { task: TaskSummary; url: URL; chosen: Verdict | undefined },
) {
  const given = VERDICTS.filter((verdict) => task.counts[verdict] > 0);
  if (given.length < 2 && chosen === undefined) return null;
  return (
    <nav class="hosts" aria-label="Targets by verdict">
      <a
        href={href(url, { verdict: undefined, cursor: undefined })}
        aria-current={chosen === undefined ? "true" : undefined}
      >
        all
      </a>
      {given.map((verdict) => (
        <a
          href={href(url, { verdict, cursor: undefined })}
          aria-current={chosen === verdict ? "true" : undefined}
        >
          {verdict} {task.counts[verdict]}
        </a>
      ))}
    </nav>
  );
}

/** Where what comes is taken in, and what asks for the whole page once the task is over. */
function Following({ task, context: { url } }: { task: TaskSummary; context: PageContext }) {
  const connect = { "hx-sse:connect": path`/tasks/${task.id}/live`, "hx-sse:close": "over" };
  return (
    <Panel title="Output as it comes" id="live">
      <div id="task-live" {...connect} hx-swap="none" hx-headers={AUTOMATIC} />
      <div
        hx-get={href(url, { [SEEN]: "yes" })}
        hx-trigger="over from:#task-live"
        hx-select="#main"
        hx-target="#main"
        hx-swap="outerMorph"
        hx-headers={AUTOMATIC}
      />
      <div id="live-output" {...STAYS}>
        <p class="quiet" id="live-none">Nothing was printed since this page was opened.</p>
      </div>
      <noscript>
        <p class="quiet">Reload this page to see more of it.</p>
      </noscript>
    </Panel>
  );
}

/** What was taken in while the task ran, left standing. */
function Followed() {
  return (
    <Panel title="Output as it came" id="live" note="all that was kept stands with each target">
      <div id="live-output" {...STAYS}>
        <p class="quiet">Nothing of it was seen here.</p>
      </div>
    </Panel>
  );
}
