import { LocalProcesses } from "../system/local_processes.ts";
import { RESERVED_TRAITS } from "./collectors.ts";
import { KILL_GRACE_MS } from "./native_system.ts";
import { findOperatorCollectors } from "./operator_collectors.ts";
import type { FoundCollectors } from "./trait_keeper.ts";

/** The operator's collectors of this machine, below the agent's configuration folder. */
export function findLocalOperators(configFolder: string): Promise<FoundCollectors> {
  return findOperatorCollectors({
    configFolder,
    processes: new LocalProcesses({ killGraceMs: KILL_GRACE_MS }),
    reserved: RESERVED_TRAITS,
    uid: Deno.uid() ?? 0,
  });
}
