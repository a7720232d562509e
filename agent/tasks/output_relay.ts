import { Buffer } from "node:buffer";
import { type AgentMessage, TaskOutputChunk_Stream } from "../../shared/proto/agent.ts";

/** How often a piece of output is sent, in ms: of all tasks together, well below what the server takes of one stream. */
const SEND_EVERY_MS = 125;
/** Of one stream that waits to be sent, in bytes; what is written beyond it is left to the result. */
const MAX_WAITING_BYTES = 16 * 1024;

interface Waiting {
  readonly taskId: string;
  readonly stream: "stdout" | "stderr";
  readonly offset: number;
  readonly parts: Uint8Array[];
  bytes: number;
}

/** Sends output while it comes into being, with gaps where it comes faster than it is sent. */
export class OutputRelay {
  readonly #send: (message: Partial<AgentMessage>) => void;
  readonly #waiting = new Map<string, Waiting>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(send: (message: Partial<AgentMessage>) => void) {
    this.#send = send;
  }

  /** @param offset where in its stream the piece begins, in bytes. */
  note(taskId: string, stream: "stdout" | "stderr", offset: number, bytes: Uint8Array): void {
    const key = `${taskId} ${stream}`;
    const waiting = this.#waiting.get(key) ?? { taskId, stream, offset, parts: [], bytes: 0 };
    this.#waiting.set(key, waiting);
    // Nothing after a gap, or what is sent together would not be one piece.
    if (waiting.offset + waiting.bytes === offset) {
      const part = bytes.slice(0, MAX_WAITING_BYTES - waiting.bytes);
      waiting.parts.push(part);
      waiting.bytes += part.length;
    }
    this.#timer ??= setInterval(() => this.#sendNext(), SEND_EVERY_MS);
  }

  /** What a task has written is in its result. */
  forget(taskId: string): void {
    this.#waiting.delete(`${taskId} stdout`);
    this.#waiting.delete(`${taskId} stderr`);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#waiting.clear();
  }

  #sendNext(): void {
    const next = this.#waiting.entries().next().value;
    if (next === undefined) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const [key, { taskId, stream, offset, parts }] = next;
    this.#waiting.delete(key);
    this.#send({
      taskOutput: {
        taskId,
        stream: stream === "stdout" ? TaskOutputChunk_Stream.STDOUT : TaskOutputChunk_Stream.STDERR,
        offset,
        data: Buffer.concat(parts),
      },
    });
  }
}
