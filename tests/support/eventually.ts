/** Shortest and longest pause between two looks: quick answers stay quick, long waits cost no CPU. */
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 200;
/** Long enough for a machine that is busy with other work; what is true is seen at once anyway. */
const DEADLINE_MS = 180_000;

/**
 * Polls until `look` answers something other than `undefined`, `null` or `false`, and returns that answer.
 * It is for what cannot be awaited (another process's files, a port that opens); an event is better where there is one.
 *
 * What `look` throws counts as *not yet*; the last such error is the cause of the failure.
 *
 * @param what names the awaited state in the error, as in `"the agent reports in_sync"`.
 * @throws {Error} if `deadlineMs` pass first.
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T> | T,
  deadlineMs = DEADLINE_MS,
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = performance.now() + deadlineMs;
  let lastError: unknown;
  let lastAnswer: unknown;
  for (let pauseMs = FIRST_PAUSE_MS;; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      const answer = await look();
      if (isAnswer(answer)) return answer;
      lastAnswer = answer;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() + pauseMs > deadline) {
      const last = lastError ?? lastAnswer;
      throw new Error(`Waited ${deadlineMs} ms in vain until ${what}; the last look gave ${last}`, {
        cause: lastError,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

function isAnswer<T>(answer: T): answer is Exclude<T, undefined | null | false> {
  return answer !== undefined && answer !== null && answer !== false;
}
