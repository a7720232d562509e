import { PartialGoneError } from "../blobs/partial_blob.ts";

/** How an attempt to fetch a blob ended. */
export type DownloadResult =
  | { readonly kind: "complete" }
  | { readonly kind: "no_progress"; readonly reason: string }
  | { readonly kind: "skipped"; readonly reason: string }
  /** The entry's two digests contradict each other: no bytes can satisfy both. */
  | { readonly kind: "broken" };

/** How an attempt ends that could not write; `undefined` if the error is none that is expected. */
export function judgeWriteError(error: unknown): DownloadResult | undefined {
  // The next attempt begins with a new folder.
  if (error instanceof PartialGoneError) return { kind: "no_progress", reason: error.message };
  const isFull = error instanceof Error && /ENOSPC|No space left/i.test(error.message);
  return isFull ? { kind: "skipped", reason: "insufficient disk space" } : undefined;
}
