import { CursorError } from "./store_error.ts";

/** Where a page of tasks ended: the last task it showed. */
export interface TaskPosition {
  readonly createdAtMs: number;
  readonly id: string;
}

/** A position as text for a client, who is to treat it as opaque. */
export function writeTaskCursor({ createdAtMs, id }: TaskPosition): string {
  return `${createdAtMs}.${id}`;
}

/** @throws {CursorError} if the text is no position. */
export function readTaskCursor(cursor: string): TaskPosition {
  const [, createdAtMs, id] = /^(\d{1,15})\.([tw][0-9a-z]{1,20})$/.exec(cursor) ?? [];
  if (createdAtMs === undefined || id === undefined) throw new CursorError(cursor);
  return { createdAtMs: Number(createdAtMs), id };
}
