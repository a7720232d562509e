import type { TraitSystem } from "./collector.ts";
import { mapSome } from "./map_some.ts";
import { isUnreadable, readOptional } from "./read_optional.ts";

/** Most open files looked at: a busy proxy holds a hundred thousand, and who listens is mostly found long before. */
const MAX_FILES = 50_000;
/** Then what was found has to do: who listens is worth less than that something does. */
const MAX_MS = 2_000;

/**
 * The programs that hold sockets, by the sockets' inodes: each open file of each process is a link that names its inode.
 * Other users' processes cannot be looked into, except by root; what is not found is left out.
 */
export async function readSocketOwners(
  system: TraitSystem,
  inodes: ReadonlySet<string>,
  signal: AbortSignal,
  maxMs: number = MAX_MS,
): Promise<ReadonlyMap<string, string>> {
  const untilMs = performance.now() + maxMs;
  const owners = new Map<string, string>();
  if (inodes.size === 0) return owners;
  const pids = (await system.list("/proc")).filter((name) => /^\d+$/.test(name));
  let left = MAX_FILES;
  for (const pid of pids) {
    if (owners.size === inodes.size || left <= 0 || performance.now() >= untilMs) break;
    const files = (await orNothing(system.list(`/proc/${pid}/fd`)) ?? []).slice(0, left);
    left -= files.length;
    const links = await mapSome(
      files,
      signal,
      (file) => orNothing(system.readLink(`/proc/${pid}/fd/${file}`)),
    );
    const held = links.map((link) => link?.match(/^socket:\[(\d+)\]$/)?.[1])
      .filter((inode) => inode !== undefined && inodes.has(inode) && !owners.has(inode));
    if (held.length === 0) continue;
    const name = await readOptional(system, `/proc/${pid}/comm`);
    for (const inode of held) if (inode !== undefined && name) owners.set(inode, name);
  }
  return owners;
}

async function orNothing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}
