import type { Child } from "hono/jsx";
import { type TaskEvent, taskEventSchema } from "../../../shared/rest/tasks.ts";
import { sanitizeLines } from "../../../shared/terminal/sanitize.ts";
import { eventStream } from "../../api/event_stream.ts";
import { Partial } from "../components/partial.tsx";
import { Row } from "../components/table.tsx";
import { Word } from "../components/text.tsx";
import type { PageContext } from "../page.ts";
import { readEvents } from "../read_events.ts";
import { writeHtmlEvent, writeNamedEvent } from "../write_html_event.ts";
import { TaskHead } from "./task_head.tsx";
import { rowId, targetColumns } from "./task_targets.tsx";

/** Shown live of one stream of one target, in characters; all that is kept is shown once it is over. */
const MAX_LIVE_CHARACTERS = 64 * 1024;
/** And of all of them together: a page with more of it is slow. */
const MAX_LIVE_TOTAL = 4 * 1024 * 1024;

const MORE = "\n… there is more; it is shown once the task is over …\n";

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
      : output.take(event);
    for (const piece of shown) yield writeHtmlEvent(await rendered(piece));
  }
  yield writeNamedEvent("over");
}

async function rendered(piece: Child): Promise<string> {
  return await piece?.toString() ?? "";
}

/** What was printed so far, of each stream of each target; bytes that are half a character wait for the other half. */
class LiveOutput {
  readonly #streams = new Map<string, { readonly decoder: TextDecoder; shown: number }>();
  #total = 0;

  /** Pieces that show what came, each for an element that stands when it arrives; none if there is no room for more. */
  take(event: Extract<TaskEvent, { kind: "output" }>): Child[] {
    const { position, hostname, stream, data } = event;
    const id = `live-${position}-${stream}`;
    const known = this.#streams.get(id);
    const entry = known ?? { decoder: new TextDecoder(), shown: 0 };
    this.#streams.set(id, entry);
    const text = sanitizeLines(entry.decoder.decode(Uint8Array.fromBase64(data), { stream: true }));
    const room = Math.min(MAX_LIVE_CHARACTERS - entry.shown, MAX_LIVE_TOTAL - this.#total);
    const part = text.slice(0, Math.max(0, room));
    entry.shown += part.length;
    this.#total += part.length;
    const pieces: Child[] = [];
    if (known === undefined) {
      pieces.push(
        <Partial target="live-output" swap="beforeend">
          <div class="stream">
            <p>
              <Word>{hostname}</Word> <span class="quiet">{stream}</span>
            </p>
            <pre
              id={id}
              class="lines"
              tabindex={0}
              role="region"
              aria-label={`${stream} of ${hostname}`}
              dir="ltr"
            />
          </div>
        </Partial>,
      );
    }
    if (part !== "") {
      pieces.push(
        <Partial target={id} swap="beforeend">
          {part}
          {part.length === room ? MORE : ""}
        </Partial>,
      );
    }
    return pieces;
  }
}
