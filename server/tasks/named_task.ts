import type { ServiceAnswer } from "../service/service_answer.ts";

/** A named task with its parameters filled in: what is run, and what applies where the request does not say otherwise. */
export interface ResolvedTask {
  readonly command: string;
  readonly timeoutSecs?: number;
  readonly nice?: number;
  readonly batchSize?: string;
  readonly maxFailures?: string;
  readonly healthCheckUrl?: string;
}

/** Finds a named task and fills its parameters in; a missing or malformed one is refused, with its name. */
export type ResolveNamedTask = (
  name: string,
  params: Readonly<Record<string, string>>,
) => Promise<ServiceAnswer<ResolvedTask>>;
