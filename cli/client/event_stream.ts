/** Longest event, in characters: a server that sends more than this without an end is none of ours. */
const MAX_EVENT_LENGTH = 4 * 1024 * 1024;
/** How long a stream may be silent, in ms: the server says every 15 s that it is still there. */
const IDLE_MS = 45_000;

/** A stream of events broke off, or was none. */
export class EventStreamError extends Error {
  override readonly name = "EventStreamError";
}

/** Nothing came for so long that something on the way holds events back. */
export class SilentStreamError extends EventStreamError {}

/**
 * The `data` of server-sent events (HTML Living Standard, section 9.2), one text each, until the stream ends or `signal` fires.
 *
 * @throws {EventStreamError} if it breaks off, is silent for too long, or an event has no end.
 */
export async function* readEventStream(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
  idleMs = IDLE_MS,
): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const text = await readSoon(reader, signal, idleMs);
      if (text === undefined) return;
      rest = (rest + text).replaceAll("\r\n", "\n");
      const events = rest.split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) {
        const data = event.split("\n").filter((line) => line.startsWith("data:"))
          .map((line) => line.slice(line.startsWith("data: ") ? 6 : 5));
        if (data.length > 0) yield data.join("\n");
      }
      if (rest.length > MAX_EVENT_LENGTH) throw new EventStreamError("an event has no end");
    }
  } finally {
    reader.cancel().catch(() => {
      // A stream that has failed has nothing left to cancel.
    });
  }
}

async function readSoon(
  reader: ReadableStreamDefaultReader<string>,
  signal: AbortSignal,
  idleMs: number,
): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const stop = () => resolve(undefined);
  const timer = setTimeout(
    () => reject(new SilentStreamError("the server fell silent")),
    idleMs,
  );
  // Not left to whoever makes the stream: one that is piped may go on waiting.
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) return undefined;
    const next = await Promise.race([reader.read(), promise]);
    return next?.value;
  } catch (cause) {
    if (cause instanceof EventStreamError) throw cause;
    throw new EventStreamError("the stream broke off", { cause });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
