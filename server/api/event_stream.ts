/** How often an idle stream says that it is still there, in ms: proxies cut what is silent for a minute. */
const HEARTBEAT_MS = 15_000;

/**
 * Answers with server-sent events (HTML Living Standard, section 9.2), each the JSON of one value. Values are asked for as
 * fast as the reader takes them.
 *
 * @param open gives the values; they end when its signal does, as when the reader hangs up.
 * @param write makes an event of a value.
 */
export async function eventStream<Value>(
  open: (signal: AbortSignal) => Promise<AsyncGenerator<Value>>,
  write: (value: Value) => string = (value) => `data: ${JSON.stringify(value)}\n\n`,
): Promise<Response> {
  const scope = new AbortController();
  const values = await open(scope.signal);
  const encoder = new TextEncoder();
  let heartbeat: ReturnType<typeof setInterval> | undefined;
  const stop = () => {
    clearInterval(heartbeat);
    scope.abort();
  };
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      heartbeat = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(":\n\n"));
      }, HEARTBEAT_MS);
    },
    pull: async (controller) => {
      try {
        const { done, value } = await values.next();
        if (!done) return controller.enqueue(encoder.encode(write(value)));
        stop();
        controller.close();
      } catch (error) {
        stop();
        controller.error(error);
      }
    },
    cancel: async () => {
      stop();
      // It may stand where it handed a value over, and would never go on from there.
      await values.return(undefined);
    },
  });
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      // Else proxies gather events until they have a page of them.
      "x-accel-buffering": "no",
    },
  });
}
