import { CursorError } from "./store_error.ts";

/** Where a page of runs ended: the last run it showed. */
export interface RunPosition {
  readonly startedAtMs: number;
  readonly runId: string;
}

/** A position as text for a client, who is to treat it as opaque. */
export function writeRunCursor({ startedAtMs, runId }: RunPosition): string {
  return `${startedAtMs}.${runId}`;
}

/** @throws {CursorError} if the text is no position. */
export function readRunCursor(cursor: string): RunPosition {
  const [, startedAtMs, runId] = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(cursor) ?? [];
  if (startedAtMs === undefined || runId === undefined) throw new CursorError(cursor);
  return { startedAtMs: Number(startedAtMs), runId };
}
