import { statfs } from "node:fs/promises";

/** Room that a download must leave, in bytes. */
export const DISK_RESERVE_BYTES = 512 * 1024 * 1024;

/** A file system's room, for those without special rights. */
export interface DiskSpace {
  readonly freeBytes: number;
  readonly freePercent: number;
}

export type DiskVerdict = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** The room of the file system that holds `path`. */
export async function readDiskSpace(path: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(path);
  return { freeBytes: bavail * bsize, freePercent: blocks === 0 ? 0 : 100 * bavail / blocks };
}

/**
 * Whether so many bytes may be written.
 *
 * @param neededBytes The blob, or what is left of it.
 * @param promisedBytes What other downloads have still to write.
 * @param minFreePercent Nothing is written at or below this share of free space.
 */
export function judgeDisk(
  { freeBytes, freePercent }: DiskSpace,
  { neededBytes, promisedBytes, minFreePercent }: {
    readonly neededBytes: number;
    readonly promisedBytes: number;
    readonly minFreePercent: number;
  },
): DiskVerdict {
  if (freeBytes - promisedBytes < neededBytes + DISK_RESERVE_BYTES) {
    return { ok: false, reason: "insufficient disk space" };
  }
  if (freePercent <= minFreePercent) return { ok: false, reason: "disk pressure" };
  return { ok: true };
}

/** A download as the disk sees it: what it has still to write. */
export interface UnwrittenBlob {
  readonly sha256: string;
  readonly leftBytes: number;
}

/**
 * What one download needs and what the others have been promised.
 *
 * @param underWay Downloads whose file exists; the blob itself may be among them.
 */
export function roomFor(
  { sha256, sizeBytes }: { readonly sha256: string; readonly sizeBytes: number },
  underWay: readonly UnwrittenBlob[],
): { readonly neededBytes: number; readonly promisedBytes: number } {
  const own = underWay.find((one) => one.sha256 === sha256);
  const others = underWay.filter((one) => one !== own);
  return {
    neededBytes: own?.leftBytes ?? sizeBytes,
    promisedBytes: others.reduce((sum, { leftBytes }) => sum + leftBytes, 0),
  };
}
