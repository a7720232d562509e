import type { Collector, FilesystemRoom, TraitSystem } from "./collector.ts";
import { type Mount, readMounts } from "./mountpoints.ts";
import { present } from "./present.ts";
import { isUnreadable } from "./read_optional.ts";

/** Most file systems told: this travels whole whenever one of them fills by a percent. */
const MAX_FILESYSTEMS = 32;
const MIB = 2 ** 20;

/** File systems of another machine: asking one whose server is gone waits for ever, and holds a thread of this process. */
const REMOTE_TYPES =
  /^(?:nfs4?|cifs|smb3|smbfs|9p|ceph|glusterfs|afs|lustre|webdav|fuse\..+|autofs)$/;

/**
 * How full file systems are, by mount point. In whole percent, so that what is told changes when something happened; sizes
 * are those of the whole file system. Those that lie on other machines are named without numbers.
 */
export const filesystem: Collector = { name: "filesystem", kind: "volatile", collect };

async function collect(system: TraitSystem, signal: AbortSignal) {
  const mounts = await readMounts(system, signal);
  const told = await Promise.all(
    mounts.slice(0, MAX_FILESYSTEMS).map(async (mount) =>
      [mount.path, describeFilesystem(mount, await readRoom(system, mount))] as const
    ),
  );
  return Object.fromEntries(told);
}

async function readRoom(system: TraitSystem, mount: Mount): Promise<FilesystemRoom | undefined> {
  if (REMOTE_TYPES.test(mount.type)) return undefined;
  try {
    return await system.readRoom(mount.path);
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}

function describeFilesystem({ type, options }: Mount, room: FilesystemRoom | undefined) {
  const common = { type, read_only: options.includes("ro") || options.includes("read-only") };
  if (room === undefined) return common;
  return present({
    ...common,
    size_mb: Math.round(room.totalBytes / MIB),
    used_percent: usedPercent(room),
    inodes_used_percent: room.files > 0
      ? Math.ceil((room.files - room.freeFiles) * 100 / room.files)
      : undefined,
  });
}

/** As df(1) counts: of what others than root may use, rounded up, so that 100 means full. */
export function usedPercent({ totalBytes, freeBytes, availableBytes }: FilesystemRoom): number {
  const used = totalBytes - freeBytes;
  const usable = used + availableBytes;
  return usable > 0 ? Math.ceil(used * 100 / usable) : 0;
}
