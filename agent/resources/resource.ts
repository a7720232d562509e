import type { z } from "zod";
import type { Machine } from "../system/machine.ts";

/** What a look at the world found. A dry run is exactly this, so it cannot differ from the real one. */
export type Finding =
  | { readonly kind: "in_sync" }
  | { readonly kind: "would_change"; readonly diff: string }
  | { readonly kind: "unknown"; readonly reason: string };

/** What became of the thing a resource stands for. */
export type Change = "created" | "updated" | "deleted" | "none";

export const IN_SYNC: Finding = { kind: "in_sync" };

/** What a resource may touch, and what it must know of the run it is part of. */
export interface ApplyContext extends Machine {
  /** Whether something that notifies this resource has changed. */
  readonly notified: boolean;
  /** Ends the run; a resource that may take long passes it on. */
  readonly signal: AbortSignal;
  readonly snapshots: SnapshotKeeper;
  /** What resources before this one are going to make; only a dry run has it. */
  readonly foreseen?: Foreseen;
}

/** What a dry run finds missing because it would be made before. */
export interface Foreseen {
  has(type: "user" | "group", name: string): boolean;
  /** Whether there may be a folder at `path` by then. */
  mayHaveFolder(path: string): boolean;
}

/** Keeps what is about to be overwritten, so that a run can be undone. */
export interface SnapshotKeeper {
  /** Copies the file at `path` as it is now; a missing one is nothing to keep. */
  keep(path: string): Promise<void>;
}

/**
 * One resource type. `check` reads and changes nothing; `apply` is called only after `check` answered `would_change`, and
 * the engine checks again afterwards: a resource that is not `in_sync` then has failed.
 *
 * `apply` throws `BlockedError` (or a file error such as a full disk) for a fault of the machine, any other error when it
 * could not do what is wanted.
 */
export interface ResourceType<Params> {
  readonly type: string;
  readonly schema: z.ZodType<Params>;
  check(params: Params, context: ApplyContext): Promise<Finding>;
  apply(params: Params, context: ApplyContext): Promise<Change>;
  /**
   * Whether a check right after applying can be expected to be in sync; without this method always. The exception is what
   * has no state to look at: a command without guards.
   */
  settles?(params: Params, context: ApplyContext): boolean;
  /**
   * Whether what is in sync now may not be so once the resources before it have acted, as with a command whose guard looks
   * at anything. A dry run cannot know then; without this method it can.
   */
  reliesOnOthers?(params: Params): boolean;
}

/** A finding from lines that each name one difference; none of them is in sync. */
export function differences(lines: readonly string[]): Finding {
  return lines.length === 0 ? IN_SYNC : { kind: "would_change", diff: lines.join("\n") };
}

export function unknown(reason: string): Finding {
  return { kind: "unknown", reason };
}
