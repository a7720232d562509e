import type { IntegrityAnswer } from "../channel.ts";
import { StoreError } from "../store/store_error.ts";

/**
 * Has the process check the database, which this thread has no right to start another for.
 *
 * @param post hands the port for the answer over.
 * @throws {StoreError} if the database cannot be read, or `signal` ends the wait.
 */
export async function askIntegrity(
  post: (answer: MessagePort) => void,
  signal: AbortSignal,
): Promise<string[]> {
  const { port1: here, port2: there } = new MessageChannel();
  const answered = Promise.withResolvers<IntegrityAnswer>();
  const onAbort = () => {
    answered.resolve({ ok: false, reason: "The database is not checked: it is being closed" });
  };
  here.onmessage = ({ data }: MessageEvent<IntegrityAnswer>) => answered.resolve(data);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    if (signal.aborted) onAbort();
    else post(there);
    const answer = await answered.promise;
    if (!answer.ok) throw new StoreError(answer.reason);
    return answer.findings;
  } finally {
    signal.removeEventListener("abort", onAbort);
    here.close();
  }
}
