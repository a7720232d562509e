import type { z } from "zod";
import { StoreError } from "./store_error.ts";

/**
 * The value that a column keeps as JSON.
 *
 * @param what the row, in words and with its key, for the one line that a person reads.
 * @throws {StoreError} if the text is no JSON or not of the form.
 */
export function readColumn<T>(schema: z.ZodType<T>, text: string, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unreadable(what, cause);
  }
  const read = schema.safeParse(value);
  if (!read.success) throw unreadable(what, read.error);
  return read.data;
}

function unreadable(what: string, cause: unknown): StoreError {
  return new StoreError(
    `Cannot read ${what} from the database: its row is damaged; restore a backup with \`vigosrv restore\``,
    { cause },
  );
}
