/** How often a timer is set; coarse enough to cost nothing. */
const INTERVAL_MS = 500;

/** Measures how late timers of this thread fire: what every check-in waits beside its own work. Returns what ends it. */
export function watchEventLoop(onDelay: (delayMs: number) => void): () => Promise<void> {
  let dueMs = performance.now() + INTERVAL_MS;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    onDelay(Math.max(0, nowMs - dueMs));
    dueMs = nowMs + INTERVAL_MS;
  }, INTERVAL_MS);
  return () => Promise.resolve(clearInterval(timer));
}
