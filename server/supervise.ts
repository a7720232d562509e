import { UserError } from "../shared/terminal/user_error.ts";
import type { FromServer, IntegrityAnswer, ServerStart, ToServer } from "./channel.ts";

/** After a signal the server has this long to write what it holds and close. */
export const STOP_DEADLINE_MS = 5_000;

/** What supervision needs of a worker; the real one is in `start_worker.ts`. */
export interface ServerWorker {
  onmessage: ((event: MessageEvent<FromServer>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: ToServer): void;
  terminate(): void;
}

export interface SuperviseOptions {
  readonly worker: ServerWorker;
  readonly start: ServerStart;
  /** Aborted when the server is to stop. */
  readonly signal: AbortSignal;
  readonly onReady: (ready: Extract<FromServer, { kind: "ready" }>) => void;
  /** Reads all of the database for the server; ended with it. */
  readonly checkIntegrity: (signal: AbortSignal) => Promise<string[]>;
  readonly stopDeadlineMs?: number;
}

/**
 * Runs the server in its worker until it has stopped.
 *
 * @throws {UserError} if it cannot start, crashes, or does not stop in time. The worker is gone in any case.
 */
export async function supervise(options: SuperviseOptions): Promise<void> {
  const { worker, start, signal, onReady, stopDeadlineMs = STOP_DEADLINE_MS } = options;
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  const gone = new AbortController();
  const tellReady = (ready: Parameters<typeof onReady>[0]) => {
    try {
      onReady(ready);
    } catch (error) {
      reject(error);
    }
  };
  worker.onmessage = ({ data }) => {
    if (data.kind === "ready") tellReady(data);
    else if (data.kind === "checkIntegrity") answerIntegrity(data.answer, gone.signal, options);
    else if (data.kind === "stopped") resolve();
    else reject(new UserError(data.reason));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new UserError(`The server crashed: ${event.message}`, { cause: event.error }));
  };
  let deadline: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    worker.postMessage({ kind: "stop" });
    deadline = setTimeout(() => {
      reject(new UserError(`The server did not stop within ${stopDeadlineMs} ms`));
    }, stopDeadlineMs);
  };
  worker.postMessage(start);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  try {
    await ended;
  } finally {
    clearTimeout(deadline);
    signal.removeEventListener("abort", stop);
    gone.abort();
    worker.terminate();
  }
}

/** It never throws: whatever fails is the answer. */
function answerIntegrity(
  port: MessagePort,
  signal: AbortSignal,
  { checkIntegrity }: Pick<SuperviseOptions, "checkIntegrity">,
): void {
  const tell = (answer: IntegrityAnswer) => {
    port.postMessage(answer);
    port.close();
  };
  checkIntegrity(signal).then(
    (findings) => tell({ ok: true, findings }),
    (error: unknown) =>
      tell({ ok: false, reason: error instanceof Error ? error.message : String(error) }),
  );
}
