import type { z } from "zod";
import type { NamedTask } from "../../../shared/rest/named_tasks.ts";
import type { TaskPlan, taskRun } from "../../../shared/rest/tasks.ts";
import { counted } from "../../../shared/terminal/counted.ts";
import { formatDuration } from "../../../shared/terminal/duration.ts";
import { ApiError } from "../../api/api_error.ts";
import { ActionForm, Button, Field, TextArea } from "../components/form.tsx";
import { Notice } from "../components/notice.tsx";
import { Facts, Panel } from "../components/panel.tsx";
import { Table } from "../components/table.tsx";
import { Lines, Word } from "../components/text.tsx";
import { describeField } from "../field_labels.ts";
import type { Form } from "../form.ts";
import type { PageContext } from "../page.ts";

export type TaskRequestInput = z.input<typeof taskRun.body>;

/** Fields with the parameters of a named task begin so. */
const PARAMETER = "param.";
/** Hostnames of a batch that are shown. */
const MAX_NAMED = 30;

/** What the form asks for. */
export function readTaskRequest(form: Form): TaskRequestInput {
  const task = form.given("task");
  const params = Object.fromEntries(
    form.shown().filter(([name, value]) => name.startsWith(PARAMETER) && value !== "")
      .map(([name, value]) => [name.slice(PARAMETER.length), value]),
  );
  const command = form.raw("command");
  return {
    ...(task === undefined ? { command } : { task, params }),
    target: form.text("target"),
    ...number(form, "timeoutSecs"),
    ...number(form, "nice"),
    ...text(form, "batchSize"),
    ...text(form, "maxFailures"),
    ...text(form, "healthCheckUrl"),
    force: form.has("force"),
  };
}

function text<Name extends string>(form: Form, name: Name): { readonly [one in Name]?: string } {
  const given = form.given(name);
  // A computed name is any text to the compiler.
  return (given === undefined ? {} : { [name]: given }) as { [one in Name]?: string };
}

function number<Name extends string>(form: Form, name: Name): { readonly [one in Name]?: number } {
  const given = form.given(name);
  if (given === undefined) return {};
  if (!/^\d{1,9}$/.test(given)) {
    throw new ApiError(
      400,
      `Cannot read ${describeField(name)} "${given}": expected a whole number`,
    );
  }
  // As above.
  return { [name]: Number(given) } as { [one in Name]?: number };
}

/** Asks for a command, or a named task with its parameters, and whom it is for. */
export function TaskForm({ context, form, named }: {
  context: PageContext;
  /** As it was filled in before. */
  form: Form | undefined;
  named: readonly NamedTask[];
}) {
  const { csrfToken, query } = context;
  const chosen = form?.text("task") ?? query("task");
  const task = named.find(({ name }) => name === chosen);
  const typed = (name: string) => form?.raw(name);
  return (
    <Panel title={task ? `Run ${task.name}` : "Run a command"} id="run">
      {named.length > 0 && (
        <p class="named-tasks">
          <span class="quiet">Named tasks:</span>
          {named.map(({ name, description }) => (
            <a
              href={`/tasks?task=${encodeURIComponent(name)}#run`}
              title={description}
              aria-current={name === chosen ? "true" : undefined}
            >
              <Word>{name}</Word>
            </a>
          ))}
          {task && <a href="/tasks#run">any command</a>}
        </p>
      )}
      <ActionForm
        action="plan"
        to="/tasks#plan"
        csrfToken={csrfToken}
        label="Run a task"
        className="form grid task-form"
      >
        {task ? <Parameters task={task} typed={typed} /> : (
          <TextArea
            name="command"
            label="Command"
            value={typed("command")}
            rows={3}
            isRequired
            hint="Run by /bin/sh on each target, as root."
          />
        )}
        <Field
          name="target"
          label="Target"
          isMono
          isRequired
          value={typed("target") ?? query("target")}
          placeholder="web-*, tag:role=db"
        />
        <Field
          name="timeoutSecs"
          label="Timeout in seconds"
          value={typed("timeoutSecs")}
          type="number"
          placeholder={String(task?.timeoutSecs ?? 60)}
        />
        <Field
          name="batchSize"
          label="At once"
          value={typed("batchSize")}
          placeholder={task?.batchSize ?? "all"}
          hint="A count, a percentage, or a ramp: 1,10%,50%"
        />
        <Field
          name="maxFailures"
          label="Stop after failures"
          value={typed("maxFailures")}
          placeholder={task?.maxFailures ?? "never"}
          hint="A count or a percentage"
        />
        <Field
          name="healthCheckUrl"
          label="Health check between batches"
          type="url"
          value={typed("healthCheckUrl")}
          placeholder={task?.healthCheckUrl ?? "none"}
        />
        <Field
          name="nice"
          label="Niceness"
          type="number"
          value={typed("nice")}
          placeholder={String(task?.nice ?? 0)}
          hint="0 is normal, 19 the lowest priority"
        />
        <div class="form-end">
          <Button kind="main">Show the plan</Button>
          <span class="quiet">Nothing is sent yet.</span>
        </div>
      </ActionForm>
    </Panel>
  );
}

function Parameters(
  { task, typed }: { task: NamedTask; typed: (name: string) => string | undefined },
) {
  return (
    <>
      <input type="hidden" name="task" value={task.name} />
      <div class="wide">
        {task.description !== "" && (
          <p>
            <Word>{task.description}</Word>
          </p>
        )}
        <Lines text={task.command} label={`Command of ${task.name}`} />
      </div>
      {task.params.map((param) => (
        <Field
          name={`${PARAMETER}${param.name}`}
          label={param.name}
          isRequired={param.required}
          value={typed(`${PARAMETER}${param.name}`)}
          hint={param.description || param.type}
          {...(param.default === null ? {} : { placeholder: param.default })}
        />
      ))}
    </>
  );
}

/** What a task would do, and the button that has it do so. */
export function PlanPanel(
  { plan, form, csrfToken }: { plan: TaskPlan; form: Form; csrfToken: string },
) {
  const { batches, offline, skipped, guardrail, longestMs, timeoutSecs, command } = plan;
  const reached = batches.reduce((sum, batch) => sum + batch.length, 0);
  return (
    <Panel title="The plan" id="plan">
      {guardrail && (
        <Notice kind="bad">
          A guardrail refuses this command, since it <Word>{guardrail.reason}</Word>:{" "}
          <code>{guardrail.pattern}</code>
        </Notice>
      )}
      <Lines text={command} label="Command" />
      <div class="facts-below">
        <Facts
          facts={[
            ["Runs on", counted(reached, "envoy")],
            ["Batches", batches.length],
            ["Offline", offline.length],
            ["Left out", skipped.length],
            ["Timeout", formatDuration(timeoutSecs * 1000)],
            ["Over at the latest after", formatDuration(longestMs)],
          ]}
        />
      </div>
      <Table
        label="Batches"
        rows={batches.slice(0, 20).map((hosts, at) => ({ hosts, at }))}
        columns={[
          { name: "Batch", isHeading: true, cell: ({ at }) => at + 1 },
          { name: "Envoys", isNumber: true, cell: ({ hosts }) => hosts.length },
          { name: "Which", cell: ({ hosts }) => <Word>{naming(hosts)}</Word> },
        ]}
      />
      {offline.length > 0 && (
        <p class="quiet">
          Offline: <Word>{naming(offline)}</Word>
        </p>
      )}
      {skipped.length > 0 && (
        <p class="quiet">
          Left out:{" "}
          <Word>{naming(skipped.map(({ hostname, reason }) => `${hostname} (${reason})`))}</Word>
        </p>
      )}
      <ActionForm action="run" to="/tasks" csrfToken={csrfToken} label="Run it" className="form">
        {form.shown().filter(([name]) => name !== "do" && name !== "force").map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        {guardrail && (
          <label class="field check">
            <input type="checkbox" name="force" value="yes" required />{" "}
            Run it although the guardrail refuses; that is recorded
          </label>
        )}
        <div class="form-end">
          <Button kind={guardrail ? "danger" : "main"}>
            Run it on {counted(reached, "envoy")}
          </Button>
        </div>
      </ActionForm>
    </Panel>
  );
}

function naming(hosts: readonly string[]): string {
  const left = hosts.length - MAX_NAMED;
  return hosts.slice(0, MAX_NAMED).join(", ") + (left > 0 ? ` and ${left} more` : "");
}
