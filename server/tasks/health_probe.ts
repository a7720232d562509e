import { setTimeout as wait } from "node:timers/promises";
import { HEALTH_PAUSE_MS, HEALTH_TRIES, HEALTH_TRY_MS } from "../../shared/tasks/task_limits.ts";

/** Asks whether a service is well. @returns what is wrong with it; `null` if nothing. */
export type Probe = (url: string, signal: AbortSignal) => Promise<string | null>;

/** What a probe may take; shorter in tests. */
export interface ProbeLimits {
  readonly tries: number;
  readonly tryMs: number;
  readonly pauseMs: number;
}

const LIMITS: ProbeLimits = {
  tries: HEALTH_TRIES,
  tryMs: HEALTH_TRY_MS,
  pauseMs: HEALTH_PAUSE_MS,
};

/** A GET that has to be answered with a status of 200 to 299 in time; redirects are not followed, since they lead elsewhere. */
export async function probeHealth(
  url: string,
  signal: AbortSignal,
  { tries, tryMs, pauseMs }: ProbeLimits = LIMITS,
): Promise<string | null> {
  let problem = "it was not asked";
  for (let number = 1; number <= tries && !signal.aborted; number += 1) {
    if (number > 1) await wait(pauseMs, undefined, { signal }).catch(() => {});
    const found = await ask(url, AbortSignal.any([signal, AbortSignal.timeout(tryMs)]), tryMs);
    if (found === null) return null;
    problem = found;
  }
  return `GET ${url}: ${problem}, ${tries} times`;
}

async function ask(url: string, signal: AbortSignal, tryMs: number): Promise<string | null> {
  try {
    const response = await fetch(url, { redirect: "manual", signal });
    await response.body?.cancel();
    const { status } = response;
    return status >= 200 && status <= 299 ? null : `status ${status}`;
  } catch (error) {
    if (signal.aborted) return `no answer within ${tryMs} ms`;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? cause.message.replaceAll(/\s+/g, " ") : String(cause);
  }
}
