import { UserError } from "../shared/terminal/user_error.ts";
import type { FromServer, ServerStart, ToServer } from "./channel.ts";
import { workerPermissions } from "./worker_permissions.ts";

/** After a signal the server has this long to write what it holds and close. */
export const STOP_DEADLINE_MS = 5_000;

export interface SuperviseOptions {
  readonly start: ServerStart;
  /** Aborted when the server is to stop. */
  readonly signal: AbortSignal;
  readonly onReady: (ready: Extract<FromServer, { kind: "ready" }>) => void;
}

/**
 * Runs the server in a worker with its own few rights until it has stopped.
 *
 * @throws {UserError} if it cannot start, crashes, or does not stop in time.
 */
export async function supervise({ start, signal, onReady }: SuperviseOptions): Promise<void> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    type: "module",
    name: "server",
    deno: { permissions: workerPermissions(start.folders, start.config.server) },
  });
  // Only this file sends to that worker and only that worker answers, both in the types of the channel.
  const send = (message: ToServer) => worker.postMessage(message);
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  worker.onmessage = ({ data }: MessageEvent<FromServer>) => {
    if (data.kind === "ready") onReady(data);
    else if (data.kind === "stopped") resolve();
    else reject(new UserError(data.reason));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new UserError(`The server crashed: ${event.message}`, { cause: event.error }));
  };
  let deadline: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    send({ kind: "stop" });
    deadline = setTimeout(() => {
      reject(new UserError(`The server did not stop within ${STOP_DEADLINE_MS} ms`));
    }, STOP_DEADLINE_MS);
  };
  send(start);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  try {
    await ended;
  } finally {
    clearTimeout(deadline);
    signal.removeEventListener("abort", stop);
    worker.terminate();
  }
}
