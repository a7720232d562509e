import { statfs } from "node:fs/promises";

/** What a file system has left for ordinary users. */
export interface FreeSpace {
  readonly freeBytes: number;
  readonly freePercent: number;
}

/** Room that stays free beside a blob, in bytes. */
export const RESERVE_BYTES = 512 * 1024 * 1024;

/** Asks the file system that holds `folder`. */
export async function readFreeSpace(folder: string): Promise<FreeSpace> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, freePercent: blocks === 0 ? 0 : 100 * bavail / blocks };
}

/** Why a blob may not be written there; `undefined` if it may. */
export function judgeFreeSpace(
  { freeBytes, freePercent }: FreeSpace,
  sizeBytes: number,
  minFreePercent: number,
): string | undefined {
  if (freeBytes < sizeBytes + RESERVE_BYTES) {
    return `${freeBytes} bytes are free, ${
      sizeBytes + RESERVE_BYTES
    } are wanted (the file and a reserve)`;
  }
  if (freePercent <= minFreePercent) {
    return `${freePercent.toFixed(1)} % are free, more than ${minFreePercent} % are wanted`;
  }
  return undefined;
}
