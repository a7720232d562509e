import { Live } from "../components/live.tsx";
import { Empty } from "../components/notice.tsx";
import { Pager } from "../components/pager.tsx";
import { Panel } from "../components/panel.tsx";
import { TaskRows } from "../components/rows.tsx";
import { Command } from "../components/text.tsx";
import type { Form } from "../form.ts";
import { path } from "../href.ts";
import { definePage, type PageContext, type View } from "../page.ts";
import type { TaskPlan } from "../../../shared/rest/tasks.ts";
import { PlanPanel, readTaskRequest, TaskForm } from "./task_form.tsx";

const ROWS = 30;

/** Commands on many machines at once: those that ran, and a form for the next. */
export const tasksPage = definePage({
  path: "/tasks",
  permission: "fleet.read",
  nav: { section: "Fleet", label: "Tasks" },
  view: (context) => show(context, context.rejected?.form),
  actions: {
    plan: {
      words: "Show the plan of a task; nothing runs yet",
      permission: "push.execute",
      run: async (context, form) => {
        const { plan } = await context.call("taskRun", {
          body: { ...readTaskRequest(form), dryRun: true },
        });
        return { show: await show(context, form, plan) };
      },
    },
    run: {
      words: "Run a task",
      isDangerous: true,
      permission: "push.execute",
      run: async ({ call }, form) => {
        const { task } = await call("taskRun", { body: readTaskRequest(form) });
        return { goTo: task === null ? "/tasks" : path`/tasks/${task.id}` };
      },
    },
  },
});

async function show(context: PageContext, form?: Form, plan?: TaskPlan): Promise<View> {
  const { call, may, csrfToken } = context;
  const canRun = may("push.execute");
  const named = canRun ? (await call("namedTaskList", { query: { limit: 200 } })).tasks : [];
  return {
    title: "Tasks",
    rest: "/task",
    body: (
      <>
        {plan && form && <PlanPanel plan={plan} form={form} csrfToken={csrfToken} />}
        {canRun && <TaskForm context={context} form={form} named={named} />}
        <List context={context} />
      </>
    ),
  };
}

async function List({ context: { call, query, url, nowMs } }: { context: PageContext }) {
  const cursor = query("cursor");
  const { tasks, nextCursor } = await call("taskList", {
    query: { limit: ROWS, ...(cursor === "" ? {} : { cursor }) },
  });
  return (
    <Panel title="Tasks that ran">
      {tasks.length === 0
        ? (
          <Empty title="No task has run yet.">
            <p>
              Run one here, or: <Command>vigocli task run 'uptime' --target '*'</Command>
            </p>
          </Empty>
        )
        : (
          <Live id="tasks" url={new URL(url.pathname + url.search, url)}>
            <TaskRows tasks={tasks} nowMs={nowMs} />
            <Pager url={url} nextCursor={nextCursor} shown={tasks.length} />
          </Live>
        )}
    </Panel>
  );
}
