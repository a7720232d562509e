/**
 * The values of a stream of server-sent events as REST writes them: one `data` line of JSON each.
 *
 * @param signal ends the reading.
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<unknown> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  // Also one that waits: the end of the reader ends what feeds it.
  const stop = () => {
    reader.cancel().catch(() => {
      // It has failed already, which whoever reads is told.
    });
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    let rest = "";
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      const events = (rest + chunk.value).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) {
        if (event.startsWith("data: ")) yield JSON.parse(event.slice("data: ".length));
      }
    }
  } finally {
    signal.removeEventListener("abort", stop);
    await reader.cancel();
  }
}
