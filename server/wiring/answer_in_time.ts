/** How long whoever watches a server waits for one thing of it, in ms: monitors give up after few seconds. */
const LIMIT_MS = 1_000;

/**
 * A question that is answered within a second whatever becomes of whom it is asked, such as a database behind a network that
 * swallows everything. It is asked once at a time: who asks meanwhile waits for the same answer, so that questions to
 * somebody silent do not pile up.
 *
 * @param late what is answered when time is up.
 * @param limitMs for tests.
 */
export function answerInTime<Answer>(
  ask: () => Promise<Answer>,
  late: Answer,
  limitMs = LIMIT_MS,
): () => Promise<Answer> {
  let underWay: Promise<Answer> | undefined;
  return async () => {
    const answer = underWay ??= ask().finally(() => {
      underWay = undefined;
    });
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const timer = setTimeout(() => resolve(late), limitMs);
    // Told to whoever still waits; when nobody does it is told to nobody.
    answer.catch(() => {});
    try {
      return await Promise.race([answer, promise]);
    } finally {
      clearTimeout(timer);
    }
  };
}
