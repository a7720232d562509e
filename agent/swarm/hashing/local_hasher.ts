import { Hasher } from "./hasher.ts";
import { serveHasher } from "./serve_hasher.ts";

/**
 * A hasher whose worker is this thread; for tests.
 *
 * @param onEnd Called whenever the worker is let go.
 * @param idleMs How long it is kept without a job.
 */
export function localHasher(onEnd: () => void = () => {}, idleMs = 0): Hasher {
  let served: MessagePort | undefined;
  return new Hasher(() => {
    const { port1, port2 } = new MessageChannel();
    served = port1;
    serveHasher(port1);
    return Promise.resolve(port2);
  }, () => {
    onEnd();
    served?.close();
  }, idleMs);
}
