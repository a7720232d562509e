import type { SystemNeed } from "../../tools/system_packages.ts";
import type { FanoutCase } from "./fanout_case.ts";
import type { FanoutOutcome } from "./fanout_results.ts";
import type { FanoutPlace } from "./fanout_swarm.ts";

/** Another program that spreads content among machines. */
export interface FanoutRival {
  readonly name: string;
  /** Programs it needs, and the packages that have them. */
  readonly needs: readonly SystemNeed[];
  /** Spreads the content of a case from host 0 to the others, in the same network. */
  measure(one: FanoutCase, place: FanoutPlace): Promise<FanoutOutcome>;
}

/** Waits for files to be complete in every receiver's folder, and tells for each after how many seconds that was. */
export async function timeFiles(
  paths: readonly string[],
  sizeBytes: number,
  bornMs: number,
  deadlineMs: number,
): Promise<number[]> {
  const seconds = new Map<string, number>();
  while (seconds.size < paths.length) {
    for (const path of paths) {
      if (!seconds.has(path) && await hasSize(path, sizeBytes)) {
        seconds.set(path, (Date.now() - bornMs) / 1000);
      }
    }
    if (Date.now() - bornMs > deadlineMs) {
      throw new Error(`Only ${seconds.size} of ${paths.length} have it after ${deadlineMs} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return paths.map((path) => seconds.get(path) ?? NaN);
}

async function hasSize(path: string, sizeBytes: number): Promise<boolean> {
  try {
    return (await Deno.stat(path)).size === sizeBytes;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
