import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { BlockedError } from "../system/blocked_error.ts";
import { FileError } from "../system/file_error.ts";
import type { Files } from "../system/files.ts";
import type { SecretTraces } from "./secret_traces.ts";
import {
  type FileSnapshotStore,
  MAX_SNAPSHOT_BYTES,
  type StoredSnapshot,
} from "./snapshot_store.ts";

/** A file that a run overwrote or removed, and what stands in the way of putting it back. */
export interface UndoStep {
  readonly path: string;
  readonly snapshot: StoredSnapshot;
  /** `same`: the old content is there again already. `later`: another run changed the file since. */
  readonly state: "ready" | "same" | "later";
  /** The latest run that changed the file since, if there is one. */
  readonly laterRunId: string | undefined;
}

/** What became of one step. */
export interface UndoResult {
  readonly path: string;
  readonly outcome: "restored" | "same" | "kept" | "failed";
  readonly reason?: string;
}

/**
 * What undoing a run would do. Of a file that later runs changed too the old content is older than what people may have
 * relied on since; whoever wants it back says so.
 */
export async function planUndo(
  runId: string,
  store: FileSnapshotStore,
  files: Pick<Files, "inspect" | "sha256" | "read">,
): Promise<readonly UndoStep[]> {
  const steps: UndoStep[] = [];
  for (const { path } of await store.ofRun(runId)) {
    const snapshots = await store.list(path);
    const index = snapshots.findLastIndex((snapshot) => snapshot.runId === runId);
    const snapshot = snapshots[index];
    if (!snapshot) continue;
    const later = snapshots.slice(0, index).find((other) => other.runId !== runId);
    const isSame = await isRestored(snapshot, files);
    steps.push({
      path,
      snapshot,
      state: isSame ? "same" : later ? "later" : "ready",
      laterRunId: later?.runId,
    });
  }
  return steps.sort((a, b) => a.path < b.path ? -1 : 1);
}

/**
 * Puts the old contents back, keeping what is there now under `undoRunId`, so that an undo can itself be undone, except of a
 * file that a secret was written to. A file that cannot be put back costs that file only.
 */
export async function undoSteps(
  steps: readonly UndoStep[],
  options: {
    readonly undoRunId: string;
    readonly store: FileSnapshotStore;
    readonly files: Files;
    /** Files that may hold a secret, of which nothing is kept. */
    readonly traces: Pick<SecretTraces, "hasPath">;
    /** Also what later runs changed. */
    readonly force: boolean;
    readonly onResult?: (result: UndoResult) => void;
  },
): Promise<readonly UndoResult[]> {
  const results: UndoResult[] = [];
  for (const step of steps) {
    const result = await undoStep(step, options);
    results.push(result);
    options.onResult?.(result);
  }
  return results;
}

async function undoStep(
  { path, snapshot, state, laterRunId }: UndoStep,
  { undoRunId, store, files, traces, force }: Parameters<typeof undoSteps>[1],
): Promise<UndoResult> {
  if (state === "same") return { path, outcome: "same" };
  if (state === "later" && !force) {
    return { path, outcome: "kept", reason: `run ${laterRunId} changed it since` };
  }
  try {
    const { mode, uid, gid, contentPath } = snapshot;
    const content = await files.read(contentPath, MAX_SNAPSHOT_BYTES);
    if (!traces.hasPath(path)) await store.keep(undoRunId, path);
    await files.writeFile(path, { content, mode, uid, gid });
    return { path, outcome: "restored" };
  } catch (error) {
    if (!(error instanceof FileError || error instanceof BlockedError)) throw error;
    return { path, outcome: "failed", reason: error.message };
  }
}

async function isRestored(
  { path, contentPath, mode, uid, gid, sizeBytes }: StoredSnapshot,
  files: Pick<Files, "inspect" | "sha256" | "read">,
): Promise<boolean> {
  const found = await files.inspect(path);
  if (found?.kind !== "file" || found.sizeBytes !== sizeBytes) return false;
  if (found.mode !== mode || found.uid !== uid || found.gid !== gid) return false;
  return await files.sha256(path) === sha256Hex(await files.read(contentPath, MAX_SNAPSHOT_BYTES));
}
