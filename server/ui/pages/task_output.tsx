import { z } from "zod";
import type { TaskOutput, TaskResult, TaskSummary } from "../../../shared/rest/tasks.ts";
import { joinOutput, keptBytes, shortenOutput } from "../../../shared/tasks/captured_output.ts";
import { formatBytes } from "../../../shared/terminal/bytes.ts";
import { ApiError } from "../../api/api_error.ts";
import { Empty } from "../components/notice.tsx";
import { Panel } from "../components/panel.tsx";
import { Lines, Word } from "../components/text.tsx";
import { path } from "../href.ts";
import type { PageContext } from "../page.ts";

/** Shown of one stream, in bytes; what is between its beginning and its end can be fetched. */
const MAX_SHOWN_BYTES = 128 * 1024;
const STREAMS = ["stdout", "stderr"] as const;
const positionSchema = z.coerce.number().int().min(0).max(1_000_000);

/** What one target printed. */
export async function OutputPanel({ context, task }: { context: PageContext; task: TaskSummary }) {
  const result = await findResult(context, context.query("output"));
  const printed = STREAMS.flatMap((stream) => {
    const output = result[stream];
    return output === null || bytesOf(output) === 0 ? [] : [{ stream, output }];
  });
  return (
    <Panel title="Output" id="output" note={<Word>{result.hostname}</Word>}>
      {printed.length === 0 && <Empty title="It printed nothing." />}
      {printed.map(({ stream, output }) => (
        <div class="stream">
          <p class="quiet">
            {stream}, {sizeOf(output)}{" "}
            <a
              href={`${path`/tasks/${task.id}/output`}?position=${result.position}&stream=${stream}`}
            >
              all that was kept, as a file
            </a>
          </p>
          <Lines text={shown(output)} label={`${stream} of ${result.hostname}`} />
        </div>
      ))}
    </Panel>
  );
}

/** The stream of a target as a file, byte for byte. */
export async function downloadOutput(context: PageContext): Promise<Response> {
  const stream = STREAMS.find((one) => one === context.query("stream"));
  if (stream === undefined) {
    throw new ApiError(400, "Cannot fetch output: stream is stdout or stderr");
  }
  const { [stream]: output, hostname } = await findResult(context, context.query("position"));
  const bytes = output === null ? new Uint8Array() : joinOutput(decode(output));
  const name = `${hostname.replaceAll(/[^\w.-]/g, "_")}-${stream}.txt`;
  return new Response(bytes, {
    headers: {
      // Never a page, whatever it holds.
      "content-type": "text/plain; charset=utf-8",
      "content-disposition": `attachment; filename="${name}"`,
      "content-security-policy": "default-src 'none'; sandbox",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    },
  });
}

/** @throws {ApiError} 404 if the task has no such target. */
async function findResult({ call, param }: PageContext, text: string): Promise<TaskResult> {
  const position = positionSchema.safeParse(text);
  if (position.success) {
    const { results: [result] } = await call("taskResults", {
      params: { id: param("id") },
      query: { limit: 1, ...(position.data === 0 ? {} : { cursor: String(position.data - 1) }) },
    });
    if (result?.position === position.data) return result;
  }
  throw new ApiError(404, `The task has no target ${JSON.stringify(text)}`);
}

function decode({ head, tail, droppedBytes }: TaskOutput) {
  return { head: Uint8Array.fromBase64(head), tail: Uint8Array.fromBase64(tail), droppedBytes };
}

function bytesOf(output: TaskOutput): number {
  return keptBytes(decode(output)) + output.droppedBytes;
}

/** How much there was, and how much of it a file would hold. */
function sizeOf(output: TaskOutput): string {
  const all = formatBytes(bytesOf(output));
  return output.droppedBytes === 0
    ? all
    : `${formatBytes(keptBytes(decode(output)))} of ${all} kept`;
}

function shown(output: TaskOutput): string {
  return new TextDecoder().decode(joinOutput(shortenOutput(decode(output), MAX_SHOWN_BYTES)));
}
