import type { Child } from "hono/jsx";
import { taskEventSchema } from "../../../shared/rest/tasks.ts";
import { eventStream } from "../../api/event_stream.ts";
import { Partial } from "../components/partial.tsx";
import { Row } from "../components/table.tsx";
import type { PageContext } from "../page.ts";
import { readEvents } from "../read_events.ts";
import { writeHtmlEvent, writeNamedEvent } from "../write_html_event.ts";
import { LiveOutput } from "./live_output.tsx";
import { TaskHead } from "./task_head.tsx";
import { rowId, targetColumns } from "./task_targets.tsx";

/** Sends what happens to a task as pieces of its page. */
export async function followTask(context: PageContext): Promise<Response> {
  const { body } = await context.stream("taskEvents", { params: { id: context.param("id") } });
  if (body === null) throw new TypeError("The stream of a task has no body");
  return await eventStream(
    (signal) => Promise.resolve(pieces(context, body, signal)),
    (text) => text,
  );
}

async function* pieces(
  context: PageContext,
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const output = new LiveOutput();
  const url = new URL(context.url.pathname.replace(/\/live$/, ""), context.url);
  let batches = 1;
  for await (const value of readEvents(body, signal)) {
    const event = taskEventSchema.parse(value);
    if (event.kind === "task") batches = event.task.batches;
    const shown = event.kind === "task"
      ? [
        <Partial target="task-head">
          <TaskHead task={event.task} nowMs={Date.now()} />
        </Partial>,
      ]
      : event.kind === "targets"
      ? event.targets.map((target) => (
        <Partial target={rowId(target)}>
          <Row columns={targetColumns({ batches }, url)} row={target} id={rowId(target)} />
        </Partial>
      ))
      : output.take(event, Date.now());
    for (const piece of shown) yield writeHtmlEvent(await rendered(piece));
  }
  yield writeNamedEvent("over");
}

async function rendered(piece: Child): Promise<string> {
  return await piece?.toString() ?? "";
}
