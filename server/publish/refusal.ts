import type { ConfigProblem } from "../../shared/rest/config.ts";
import { VersionDamagedError } from "./version_store.ts";

/** Why nothing was done, in one line. */
export interface Refusal {
  readonly ok: false;
  readonly reason: string;
  /** Set if stacks are at fault. */
  readonly problems: readonly ConfigProblem[];
  /** Set if publishing is frozen. */
  readonly isFrozen?: true;
  /** Set if the version could be compiled for no host, which the caller may overrule. */
  readonly isForNobody?: true;
}

export function refuse(reason: string): Refusal {
  return { ok: false, reason, problems: [] };
}

/** Damage on disk is an answer, not an accident: the caller goes on with what it has. */
export async function refuseDamaged<Result>(run: () => Promise<Result>): Promise<Result | Refusal> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof VersionDamagedError) return refuse(error.message);
    throw error;
  }
}
