import type { ServerResponse } from "node:http";
import type { RoutedAnswer } from "./peer_routes.ts";
import { StallWatch } from "./stall_watch.ts";

/** Sends an answer whose bytes are at hand. */
export function sendAtOnce(
  response: ServerResponse,
  { status, headers, body }: RoutedAnswer,
): void {
  const bytes = body instanceof Uint8Array ? body : undefined;
  response.writeHead(status, { ...headers, "content-length": bytes?.length ?? 0 });
  response.end(bytes);
}

/** Sends an answer, piece by piece if its body comes so; cuts the other end off if it takes nothing for `stalledMs`. */
export async function sendAnswer(
  response: ServerResponse,
  answer: RoutedAnswer,
  stalledMs: number,
): Promise<void> {
  const { status, headers, body } = answer;
  if (body === undefined || body instanceof Uint8Array) return sendAtOnce(response, answer);
  response.writeHead(status, { ...headers, "content-length": body.length });
  const watch = new StallWatch(stalledMs, () => response.destroy());
  try {
    for await (const slice of body.slices) {
      if (response.destroyed) return;
      await sendSlice(response, slice);
      watch.noteProgress();
    }
  } finally {
    watch.end();
  }
  response.end();
}

/** Sends a slice and waits until it has left its buffer, which is then used again, or the connection has ended. */
function sendSlice(response: ServerResponse, slice: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const leave = () => {
      response.off("close", leave);
      resolve();
    };
    response.once("close", leave);
    response.write(slice, leave);
  });
}
