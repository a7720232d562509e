import type { Child } from "hono/jsx";
import type { TaskEvent } from "../../../shared/rest/tasks.ts";
import { formatBytes } from "../../../shared/terminal/bytes.ts";
import { sanitizeLines } from "../../../shared/terminal/sanitize.ts";
import { Partial } from "../components/partial.tsx";
import { Word } from "../components/text.tsx";

/** Shown live of one stream of one target, in characters; all that is kept is shown once it is over. */
const MAX_LIVE_CHARACTERS = 64 * 1024;
/** And of all of them together: a page with more of it is slow. */
const MAX_LIVE_TOTAL = 4 * 1024 * 1024;

const MORE = "\n… there is more; it is shown once the task is over …\n";

interface LiveStream {
  decoder: TextDecoder;
  /** In characters. */
  shown: number;
  /** Where what comes next begins, in bytes. */
  offset: number;
}

/** What one connection showed so far, of each stream of each target; bytes that are half a character wait for the other half. */
export class LiveOutput {
  readonly #streams = new Map<string, LiveStream>();
  #total = 0;

  /** Pieces that show what came, each for an element that stands when it arrives; none if there is no room for more. */
  take(event: Extract<TaskEvent, { kind: "output" }>, nowMs: number): Child[] {
    const { position, stream, offset } = event;
    const id = `live-${position}-${stream}`;
    const bytes = Uint8Array.fromBase64(event.data);
    const pieces: Child[] = [];
    // An earlier connection may have shown some: elements would stand twice, and what came between would be missing unsaid.
    if (this.#streams.size === 0) pieces.push(<Partial target="live-output" swap="innerHTML" />);
    let entry = this.#streams.get(id);
    let text = "";
    if (entry === undefined) {
      entry = { decoder: new TextDecoder(), shown: 0, offset };
      this.#streams.set(id, entry);
      pieces.push(
        <Partial target="live-output" swap="beforeend">
          <Heading id={id} event={event} nowMs={nowMs} />
        </Partial>,
      );
    } else if (offset > entry.offset) {
      text = `\n… ${formatBytes(offset - entry.offset)} were not seen here …\n`;
      entry.decoder = new TextDecoder();
    }
    entry.offset = offset + bytes.length;
    text += sanitizeLines(entry.decoder.decode(bytes, { stream: true }));
    const room = Math.min(MAX_LIVE_CHARACTERS - entry.shown, MAX_LIVE_TOTAL - this.#total);
    const part = text.slice(0, Math.max(0, room));
    entry.shown += part.length;
    this.#total += part.length;
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

function Heading({ id, event: { hostname, stream, offset }, nowMs }: {
  id: string;
  event: Extract<TaskEvent, { kind: "output" }>;
  nowMs: number;
}) {
  return (
    <div class="stream">
      <p>
        <Word>{hostname}</Word> <span class="quiet">{stream}</span>
      </p>
      {offset > 0 && (
        <p class="quiet">
          {`Output before ${new Date(nowMs).toISOString().slice(11, 19)} UTC was not seen here; ` +
            "all that is kept of it stands with the envoy's result when it ends."}
        </p>
      )}
      <pre
        id={id}
        class="lines"
        tabindex={0}
        role="region"
        aria-label={`${stream} of ${hostname}`}
        dir="ltr"
      />
    </div>
  );
}
